// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DevDollar } from "../../src/devnet/DevDollar.sol";

/// @notice Keeps one per cent of every transfer.
contract TaxedDollar is DevDollar {
    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        super._update(from, to, value - value / 100);
        super._update(from, address(1), value / 100);
    }
}

/// @notice Calls back in the middle of a transfer.
contract HookedDollar is DevDollar {
    address private _target;
    bytes private _call;
    bytes public answer;
    bool public isAnswerOk;

    function hook(address target, bytes calldata call) external {
        _target = target;
        _call = call;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0)) return;
        (isAnswerOk, answer) = _target.call(_call);
    }
}
