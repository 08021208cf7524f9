// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title New coins for those who worked: 600 million, released against fees
/// @notice Twelve batches of 50 million. In batch k (from 1) the subsidy is 90 % x 0.8^(k-1) of what providers are paid,
/// so a fee f releases f x s / (1 - s) new coins. A day with work releases at least the yearly minimum's daily part.
/// A fifth of the revenue, fees and new coins together, goes to the training fund, out of the new coins.
/// @dev Source: Race paper, Appendices E, F and K. Twin: `shared/money/issuance.ts`, equal to the wei.
interface IIssuance {
    /// @param issued Coins (wei) released so far from the 600 million, fees and minimum together.
    /// @param remainder Numerator left over by the last division, so that splitting a fee changes nothing.
    /// @param day Last day (counted from genesis) with work.
    /// @param issuedToday Coins (wei) released on that day.
    struct State {
        uint128 issued;
        uint128 remainder;
        uint64 day;
        bool worked;
        uint128 issuedToday;
    }

    /// @param subsidy New coins (wei) against the fees of this release.
    /// @param minimum New coins (wei) that complete the minimum of the last day with work, once that day is over.
    /// @param training Part of both (wei) that went to the training fund: its share of fees, subsidy and minimum.
    /// @param reward What was minted to the caller: subsidy + minimum - training.
    event Released(
        uint256 indexed day, uint256 fees, uint256 subsidy, uint256 minimum, uint256 training, uint256 reward
    );

    /// @notice Mints what `fees` (wei) release, to the caller, less the training fund's share.
    /// @dev Only the settlement module, once per batch, when the batch can no longer be stopped. The caller shares the
    /// reward out by work in a following batch. Marks the current day as one with work.
    /// @return reward Coins (wei) that the caller received.
    function release(uint256 fees) external returns (uint256 reward);

    function state() external view returns (State memory);

    /// @notice What `release(fees)` would mint to the caller now (wei), and what to the training fund.
    function quote(uint256 fees) external view returns (uint256 reward, uint256 training);

    /// @notice Unix seconds at which day 0 began.
    function genesis() external view returns (uint256);
}
