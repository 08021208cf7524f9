// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What the guardian can pause: each one loses money by running when something is wrong.
/// @dev Never here: whatever gives settled money back to its owner (claims, closes, refunds, exits, unstaking).
enum Switch {
    // No new coins against fees.
    Issuance,
    // No new batch is posted or released. What was released stays claimable.
    Settlement,
    // No new channel and no top-up. Claims and closes go on.
    ChannelDeposits,
    // No new request. Results, refunds and deadlines go on.
    HubRequests,
    // No sale and no buy-back.
    LiquidityPool,
    // No slashing, for the time that a faulty verdict module needs to be replaced.
    Slashing
}
