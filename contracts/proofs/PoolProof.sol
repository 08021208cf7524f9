// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { PoolCurve } from "../src/libraries/PoolCurve.sol";

/// @notice For all inputs, not for tested ones.
contract PoolProof {
    uint256 private _spent;
    uint256 private _received;
    uint256 private _reserve;

    /// @dev The bookkeeping of `LiquidityPool.buy` and `.sell`, for any sequence of costs and proceeds.
    function buy(uint256 cost) external {
        require(cost <= type(uint128).max && _spent <= type(uint128).max && _reserve <= type(uint128).max);
        _spent += cost;
        _reserve += cost;
    }

    function sell(uint256 proceeds) external {
        require(proceeds <= _reserve);
        _received += proceeds;
        _reserve -= proceeds;
    }

    function solvency() external view {
        assert(_received <= _spent);
        assert(_reserve == _spent - _received);
    }

    /// @dev What a seller is paid in whole coins of one phase never exceeds what the buyer of the same coins paid.
    function rounding(uint256 scaled) external pure {
        require(scaled <= type(uint128).max);
        uint256 cost = (scaled + PoolCurve.COIN - 1) / PoolCurve.COIN;
        uint256 proceeds = scaled / PoolCurve.COIN;
        assert(proceeds <= cost);
        assert(cost * PoolCurve.COIN >= scaled);
    }
}
