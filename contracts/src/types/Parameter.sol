// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Every number that governance can change. Defaults and bounds are in `libraries/ParameterBounds.sol`.
/// @dev Units: coins in wei (18 decimals), shares in basis points (1/10,000), times in seconds, spans in blocks.
enum Parameter {
    // Batches
    BatchLeafLimit,
    BatchIntervalBlocks,
    SlashWindowBlocks,
    ValidatorShareBps,
    TreasuryShareBps,
    QuorumSize,
    DataDemandBlocks,
    DataDemandBond,
    // Channels
    ChannelCloseDelay,
    // Epochs
    EpochBlocks,
    BeaconCommitBlocks,
    BeaconRevealBlocks,
    BeaconDeposit,
    IdentityWeightCapBps,
    // Inference hub
    HubMaxCallbackGas,
    HubChallengeBlocks,
    HubMaxDeadlineBlocks,
    // Providers
    MinValidatorStake,
    ExitDelay,
    // Models
    ModelDeposit,
    ModelMaxOwnerShareBps,
    ModelVotePeriod,
    ModelQuorumBps,
    // Issuance
    TrainingShareBps,
    IssuanceDailyCap,
    // Governance
    VotingDelay,
    VotingPeriod,
    ProposalThreshold
}
