// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IWeights } from "./IWeights.sol";

/// @title Epochs: the beacon that seeds a Race, and the weights and the validator set that come out of it
/// @notice Epoch e runs; near its end validators make the seed of epoch e + 1 together; the Race of that seed is run and
/// scored off chain; the set of epoch e signs the outcome; after a window in which anybody can refute it, epoch e + 1 runs.
/// @dev Blocks of the beacon of epoch e + 1, counted from the start of epoch e: it is quiet, then `BeaconCommitBlocks` to
/// commit, then `BeaconRevealBlocks` to reveal; from then on anybody may recover what was withheld. See
/// `libraries/TimedCommitment.sol`: a withheld value is computed without its owner, so withholding buys delay, not a choice.
/// Other modules attach here: a verdict or dispute module with the VERDICT role rejects an outcome while it waits.
interface IEpochs is IWeights {
    /// @param number Number of the epoch, one more than the running one.
    /// @param weightRoot Root of every provider's weight, as `IWeights.isWeight` reads it.
    /// @param totalWeight Sum of those weights.
    /// @param drawRoot Root of the table from which seats are drawn, see `DrawLeaf`.
    /// @param drawCount Number of leaves of the table: all validators.
    /// @param drawWeight Sum of their weights.
    /// @param setId The validator set as `IQuorum` names it.
    /// @param isSampled True when there are more validators than seats, so that seats were drawn by the seed.
    struct Outcome {
        uint64 number;
        bytes32 weightRoot;
        uint64 totalWeight;
        bytes32 drawRoot;
        uint32 drawCount;
        uint64 drawWeight;
        bytes32 setId;
        bool isSampled;
    }

    struct Epoch {
        bytes32 seed;
        bytes32 weightRoot;
        bytes32 setId;
        uint64 startBlock;
        uint64 totalWeight;
    }

    /// @notice The terms of settlement of an epoch: parameters as they were when it started, so that those who build and sign
    /// its batches know them, and so that a settlement reads one slot instead of five.
    struct Terms {
        uint32 leafLimit;
        uint32 intervalBlocks;
        uint32 slashWindowBlocks;
        uint16 validatorShareBps;
        uint16 treasuryShareBps;
    }

    /// @param commitments Number of commitments of this round.
    /// @param opened How many of them were revealed or recovered.
    /// @param mix XOR of the hashes of the opened contents.
    /// @param startBlock First block of the commit window.
    /// @param commitEnd First block in which a commitment is refused and a reveal accepted.
    /// @param revealEnd First block in which anybody may recover.
    struct Round {
        uint32 commitments;
        uint32 opened;
        uint64 startBlock;
        uint64 commitEnd;
        uint64 revealEnd;
        bytes32 mix;
    }

    /// @notice One validator in the table of the draw; the leaf is keccak256(0x00 ‖ keyHash ‖ start ‖ weight).
    /// @param keyHash Hash of its BLS key, as `IProviders` knows it.
    /// @param start Sum of the weights of the leaves before this one.
    /// @param weight Its weight.
    struct DrawLeaf {
        bytes32 keyHash;
        uint64 start;
        uint64 weight;
    }

    /// @notice Not in the window `[from, to)` of blocks for this.
    error OutsideWindow(uint256 from, uint256 to);
    /// @notice Only validators make the beacon.
    error NotValidator(address account);
    /// @notice One commitment a validator and round.
    error AlreadyCommitted(uint64 number, address member);
    /// @notice No such commitment, or it is open already.
    error CommitmentUnknown(uint64 number, address member);
    /// @notice The seed of this epoch is not final yet.
    error SeedMissing(uint64 number);
    /// @notice The outcome is for another epoch than the next.
    error EpochOutOfOrder(uint64 number, uint64 expected);
    /// @notice Another outcome waits until `activeFrom` (block).
    error OutcomePending(uint64 activeFrom);
    /// @notice No outcome waits.
    error OutcomeMissing();
    /// @notice A seat, or all seats of one key, weigh more than the cap allows.
    error ShareAboveCap(uint256 weight, uint256 allowed);
    /// @notice A sampled committee has `QuorumSize` seats of weight one.
    error CommitteeMalformed(uint256 seats, uint256 totalWeight);
    /// @notice What was submitted does not refute the outcome.
    error ChallengeUnfounded();

    event BeaconCommitted(uint64 indexed number, address indexed member, bytes element);
    event BeaconRevealed(uint64 indexed number, address indexed member, bytes32 mix);
    event BeaconRecovered(
        uint64 indexed number, address indexed member, address indexed recoverer, bytes32 mix
    );
    event SeedSet(uint64 indexed number, bytes32 seed);
    event OutcomeProposed(uint64 indexed number, bytes32 weightRoot, bytes32 setId, uint64 activeFrom);
    event OutcomeRejected(uint64 indexed number, bytes32 weightRoot, address indexed challenger);
    event EpochStarted(uint64 indexed number, bytes32 weightRoot, bytes32 setId, bytes32 seed);

    /// @notice Commits to a share of the next seed, with `BeaconDeposit` coins. A validator, once a round.
    /// @param element g^a for a secret a of 256 bits; 256 bytes, the smaller representative.
    function commit(bytes calldata element) external;

    /// @notice Opens the caller's commitment and pays its deposit back.
    function reveal(bytes calldata element, uint256 exponent) external;

    /// @notice Opens what `member` withheld. Half of its deposit goes to the caller, half to the treasury.
    /// @param content The commitment squared `delay` times.
    /// @param proof Wesolowski's proof of that, for the challenge prime of `nonce`.
    function recover(
        address member,
        bytes calldata element,
        bytes calldata content,
        bytes calldata proof,
        uint256 nonce
    ) external;

    /// @notice Pays back the caller's deposit of a round that governance cut short.
    function reclaimDeposit(uint64 number) external;

    /// @notice Opens the commit window again when nobody committed in it.
    function restartBeacon() external;

    /// @notice Proposes the outcome of the Race of the next epoch, signed by the running epoch's quorum.
    function propose(Outcome calldata outcome, uint256 absentees, bytes calldata signature) external;

    /// @notice Same without a signature: the first epoch, and the way out when a third of the validators is gone for good.
    /// @dev Only governance, which is a timelock of seven days, and refutable like any other outcome.
    function proposeByGovernance(Outcome calldata outcome) external;

    /// @notice Refutes the waiting outcome: the key of a seat is not one of a staked validator.
    function challengeSeat(uint256 seat) external;

    /// @notice Refutes the waiting outcome: several seats of one key together weigh more than the cap.
    /// @param seats In ascending order.
    function challengeShare(uint256[] calldata seats) external;

    /// @notice Refutes the waiting sampled outcome: the seed drew `leaf` for a seat that holds another key.
    function challengeDraw(uint256 seat, DrawLeaf calldata leaf, uint256 index, bytes32[] calldata siblings)
        external;

    /// @notice Rejects the waiting outcome. Only modules with the VERDICT role.
    function reject() external;

    /// @notice Starts the next epoch once the window of its outcome is over. Anybody may.
    function activate() external;

    /// @notice The running epoch and its validator set.
    function current() external view returns (uint64 number, bytes32 setId);

    /// @notice The running epoch, its validator set and its terms of settlement.
    function currentTerms() external view returns (uint64 number, bytes32 setId, Terms memory terms);

    function epochOf(uint64 number) external view returns (Epoch memory);

    /// @notice The beacon's round for the epoch after the running one.
    function round() external view returns (Round memory);

    /// @notice The waiting outcome and the first block in which it may start; zero when none waits.
    function pending() external view returns (Outcome memory outcome, uint64 activeFrom);

    /// @notice Final seed of an epoch; zero before.
    function seedOf(uint64 number) external view returns (bytes32);

    /// @notice What the validators of the running epoch sign.
    function outcomeDigest(Outcome calldata outcome) external view returns (bytes32);
}
