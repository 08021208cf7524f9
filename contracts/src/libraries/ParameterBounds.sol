// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Parameter } from "../types/Parameter.sol";

/// @notice The one place that says how far governance can move each number, and where each number begins.
/// @dev Shares are bounded so that no choice leaves operators less than half of what remains after the training fund:
/// validators and treasury take at most a quarter each.
library ParameterBounds {
    struct Bounds {
        uint256 min;
        uint256 initial;
        uint256 max;
        uint256 lockSeconds;
    }

    /// @notice A parameter exists that has no bounds here.
    error ParameterBoundsMissing(Parameter parameter);

    uint256 internal constant COIN = 1e18;

    /// @dev Blocks are counted as 12 s in the comments; a chain with other blocks sets other values within the bounds.
    function boundsOf(Parameter parameter) internal pure returns (Bounds memory) {
        // 4,096 leaves per batch (ax0n "max_batch_size"); a tree of 131,072 still proves in 17 hashes.
        if (parameter == Parameter.BatchLeafLimit) return _free(1, 4096, 131_072);
        // 512 blocks = 1.7 h (ax0n "settlement_frequency").
        if (parameter == Parameter.BatchIntervalBlocks) return _free(1, 512, 50_400);
        // 256 blocks = 51 min (ax0n "slash_window"); 32 leaves a challenger six minutes, a week is the most to wait.
        if (parameter == Parameter.SlashWindowBlocks) return _free(32, 256, 50_400);
        // 78 / 12 / 10 (ax0n "fee distribution"); operators have what the other two leave.
        if (parameter == Parameter.ValidatorShareBps) return _free(0, 1200, 2500);
        if (parameter == Parameter.TreasuryShareBps) return _free(0, 1000, 2500);
        // 256 signers (ax0n "validator_quorum_size"): the bitmap of absentees is one word.
        if (parameter == Parameter.QuorumSize) return _free(4, 256, 256);
        // 128 blocks = 26 min to answer a demand for a leaf: half of the slash window.
        if (parameter == Parameter.DataDemandBlocks) return _free(16, 128, 25_200);
        if (parameter == Parameter.DataDemandBond) return _free(COIN, 10 * COIN, 10_000 * COIN);
        // A payee that is offline for a day still claims in time. Fifteen minutes is x402's least withdraw delay.
        if (parameter == Parameter.ChannelCloseDelay) return _free(15 minutes, 1 days, 30 days);
        // 2,048 blocks = 6.8 h (ax0n "node_epoch_length").
        if (parameter == Parameter.EpochBlocks) return _free(64, 2048, 50_400);
        if (parameter == Parameter.BeaconCommitBlocks) return _free(8, 64, 5_000);
        if (parameter == Parameter.BeaconRevealBlocks) return _free(8, 64, 5_000);
        if (parameter == Parameter.BeaconDeposit) return _free(COIN, 100 * COIN, 100_000 * COIN);
        // No identity above a tenth of the weight, so that no four of them are a blocking third.
        if (parameter == Parameter.IdentityWeightCapBps) return _free(10, 1000, 3333);
        if (parameter == Parameter.HubMaxCallbackGas) return _free(50_000, 300_000, 2_000_000);
        if (parameter == Parameter.HubChallengeBlocks) return _free(1, 64, 7200);
        if (parameter == Parameter.HubMaxDeadlineBlocks) return _free(64, 7200, 216_000);
        // 1,000 coins (ax0n "min_node_stake"), for validators alone.
        if (parameter == Parameter.MinValidatorStake) return _free(100 * COIN, 1000 * COIN, 100_000 * COIN);
        // Longer than any slash window of a week plus the time to act on it.
        if (parameter == Parameter.ExitDelay) return _free(8 days, 14 days, 60 days);
        if (parameter == Parameter.ModelDeposit) return _free(COIN, 1000 * COIN, 100_000 * COIN);
        if (parameter == Parameter.ModelMaxOwnerShareBps) return _free(0, 1000, 2000);
        if (parameter == Parameter.ModelVotePeriod) return _free(1 days, 3 days, 30 days);
        // Share of all coins that must vote before a model is listed or delisted.
        if (parameter == Parameter.ModelQuorumBps) return _free(100, 400, 6667);
        // 20 % of revenue, fixed for the first five years (Race paper, Appendix K).
        if (parameter == Parameter.TrainingShareBps) {
            return Bounds({ min: 0, initial: 2000, max: 4000, lockSeconds: 5 * 365 days });
        }
        // Ten times an even year of one batch: 50 M x 10 / 365. A captured quorum that pays itself mints this much a day.
        if (parameter == Parameter.IssuanceDailyCap) {
            return _free(140_000 * COIN, 1_369_863 * COIN, 50_000_000 * COIN);
        }
        // Past the longest flash loan and long enough to be noticed.
        if (parameter == Parameter.VotingDelay) return _free(1 hours, 1 days, 14 days);
        if (parameter == Parameter.VotingPeriod) return _free(1 days, 5 days, 30 days);
        if (parameter == Parameter.ProposalThreshold) return _free(COIN, 10_000 * COIN, 1_000_000 * COIN);
        // A new member of the enum without bounds stops the deployment.
        revert ParameterBoundsMissing(parameter);
    }

    function _free(uint256 min, uint256 initial, uint256 max) private pure returns (Bounds memory) {
        return Bounds({ min: min, initial: initial, max: max, lockSeconds: 0 });
    }
}
