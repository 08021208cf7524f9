// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Where the pool learns what a provider has earned by work.
interface IEarnings {
    /// @notice Coins (wei) that `provider` has been paid for work in all its life.
    function claimedOf(address provider) external view returns (uint256);
}
