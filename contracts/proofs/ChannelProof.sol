// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The bookkeeping of one channel (`ChannelMath`) for all amounts and any sequence of calls.
contract ChannelProof {
    uint256 private _deposit;
    uint256 private _claimed;

    function deposit(uint256 amount) external {
        require(amount > 0 && _deposit <= type(uint96).max && amount <= type(uint96).max - _deposit);
        _deposit += amount;
    }

    function claim(uint256 cumulative) external returns (uint256 paid) {
        require(cumulative <= _deposit && cumulative > _claimed);
        paid = cumulative - _claimed;
        _claimed = cumulative;
    }

    function refund() external returns (uint256 rest) {
        rest = _deposit - _claimed;
        _deposit = _claimed;
    }

    function check() external view {
        assert(_claimed <= _deposit);
        assert(_deposit <= type(uint96).max);
    }
}
