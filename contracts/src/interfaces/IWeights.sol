// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Verified weights of an epoch
/// @notice What price votes need to know of `Epochs`: who carried how much of the verified Race work.
interface IWeights {
    /// @notice Number of the epoch that runs now.
    function currentEpoch() external view returns (uint256);

    /// @notice Sum of the weights in force during `epoch`; zero while they are not final.
    function totalWeight(uint256 epoch) external view returns (uint256);

    /// @notice True if `wallet` has exactly `weight` in the final root of `epoch`.
    function isWeight(uint256 epoch, address wallet, uint256 weight, bytes32[] calldata proof)
        external
        view
        returns (bool);
}
