// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IEpochs } from "./interfaces/IEpochs.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { IProviders } from "./interfaces/IProviders.sol";
import { IQuorum } from "./interfaces/IQuorum.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { IWeights } from "./interfaces/IWeights.sol";
import { MerkleTree } from "./libraries/MerkleTree.sol";
import { TimedCommitment } from "./libraries/TimedCommitment.sol";
import { Parameter } from "./types/Parameter.sol";
import { VERDICT } from "./types/Role.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { MerkleProof } from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @notice See {IEpochs}.
contract Epochs is IEpochs, Governed, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IRaceCoin;

    /// @param elementHash Hash of the committed element; zero once it is open.
    /// @param deposit What was paid in, whatever the parameter says later.
    struct Commitment {
        bytes32 elementHash;
        uint256 deposit;
    }

    bytes32 private constant OUTCOME_TYPEHASH = keccak256(
        "Outcome(uint64 epoch,bytes32 setInForce,uint64 number,bytes32 weightRoot,uint64 totalWeight,bytes32 drawRoot,uint32 drawCount,uint64 drawWeight,bytes32 setId,bool isSampled)"
    );

    IRaceCoin public immutable coin;
    IProviders public immutable providers;
    IQuorum public immutable quorum;
    address public immutable treasury;
    /// @notice Squarings between a commitment and its content. Longer than a commit window on the fastest hardware: whoever
    /// could finish earlier would see the seed while it can still commit.
    uint64 public immutable delay;

    /// @notice g^(2^delay), with which a committer opens at once.
    bytes public delayedGenerator;

    // One slot: number and terms of the running epoch.
    uint64 private _number;
    Terms private _terms;

    bytes32 private _setId;
    uint64 private _activeFrom;
    Outcome private _pending;
    Round private _round;
    mapping(uint256 number => Epoch) private _epochs;
    mapping(uint64 number => bytes32) private _seeds;
    mapping(uint64 number => mapping(address member => Commitment)) private _commitments;

    /// @param proof Wesolowski's proof of `delayedGenerator_` for the challenge prime of `nonce`.
    constructor(
        IAuthority authority_,
        IParameters parameters_,
        IRaceCoin coin_,
        IProviders providers_,
        IQuorum quorum_,
        address treasury_,
        uint64 delay_,
        bytes memory delayedGenerator_,
        bytes memory proof,
        uint256 nonce
    ) Governed(authority_, parameters_) EIP712("Racemesh Epochs", "1") {
        TimedCommitment.checkDelayedGenerator(delayedGenerator_, delay_, proof, nonce);
        coin = coin_;
        providers = providers_;
        quorum = quorum_;
        treasury = treasury_;
        delay = delay_;
        delayedGenerator = delayedGenerator_;
        // Nobody could have committed before the first set of validators exists.
        _seeds[1] = keccak256(abi.encode("racemesh genesis", block.chainid, address(this)));
        emit SeedSet(1, _seeds[1]);
    }

    /// @inheritdoc IEpochs
    function commit(bytes calldata element) external nonReentrant {
        Round memory round_ = _round;
        if (block.number < round_.startBlock || block.number >= round_.commitEnd) {
            revert OutsideWindow(round_.startBlock, round_.commitEnd);
        }
        if (providers.validatorStake(msg.sender) == 0) revert NotValidator(msg.sender);
        uint64 next = _number + 1;
        // INVARIANT: a validator commits once a round.
        if (_commitments[next][msg.sender].deposit != 0) revert AlreadyCommitted(next, msg.sender);
        TimedCommitment.checkElement(element);
        uint256 amount = _parameter(Parameter.BeaconDeposit);
        _commitments[next][msg.sender] = Commitment({ elementHash: keccak256(element), deposit: amount });
        _round.commitments = round_.commitments + 1;
        emit BeaconCommitted(next, msg.sender, element);
        coin.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IEpochs
    function reveal(bytes calldata element, uint256 exponent) external nonReentrant {
        // INVARIANT: no share of a seed is known before the last commitment to it.
        _checkWindow(_round.commitEnd, _round.revealEnd);
        uint256 amount = _takeCommitment(msg.sender, element);
        bytes32 mix = _mixIn(msg.sender, TimedCommitment.open(element, exponent, delayedGenerator));
        emit BeaconRevealed(_number + 1, msg.sender, mix);
        _finishRound();
        coin.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IEpochs
    function recover(
        address member,
        bytes calldata element,
        bytes calldata content,
        bytes calldata proof,
        uint256 nonce
    ) external nonReentrant {
        // INVARIANT: a member has the whole reveal window before its deposit can be taken.
        _checkWindow(_round.revealEnd, type(uint64).max);
        uint256 amount = _takeCommitment(member, element);
        TimedCommitment.checkDelay(element, content, delay, proof, nonce);
        bytes32 mix = _mixIn(member, content);
        emit BeaconRecovered(_number + 1, member, msg.sender, mix);
        _finishRound();
        // INVARIANT: withholding costs at least half of the deposit, even if the member recovers its own share.
        uint256 reward = amount / 2;
        coin.safeTransfer(msg.sender, reward);
        coin.safeTransfer(treasury, amount - reward);
    }

    /// @inheritdoc IEpochs
    function reclaimDeposit(uint64 number) external nonReentrant {
        Commitment storage commitment = _commitments[number][msg.sender];
        // INVARIANT: a deposit is paid out once, and never left behind.
        if (number > _number || commitment.elementHash == 0) revert CommitmentUnknown(number, msg.sender);
        commitment.elementHash = 0;
        coin.safeTransfer(msg.sender, commitment.deposit);
    }

    /// @inheritdoc IEpochs
    function restartBeacon() external {
        Round memory round_ = _round;
        if (round_.commitments != 0 || block.number < round_.commitEnd || round_.commitEnd == 0) {
            revert OutsideWindow(round_.commitEnd, type(uint64).max);
        }
        _openRound(uint64(block.number));
    }

    /// @inheritdoc IEpochs
    function propose(Outcome calldata outcome, uint256 absentees, bytes calldata signature) external {
        Epoch storage running = _epochs[_number];
        _checkWindow(running.startBlock + _parameter(Parameter.EpochBlocks), type(uint64).max);
        if (_seeds[outcome.number] == 0) revert SeedMissing(outcome.number);
        quorum.checkQuorum(running.setId, outcomeDigest(outcome), absentees, signature);
        _propose(outcome);
    }

    /// @inheritdoc IEpochs
    function proposeByGovernance(Outcome calldata outcome) external onlyGovernance {
        _propose(outcome);
        if (_number == 0) _start();
    }

    /// @inheritdoc IEpochs
    function challengeSeat(uint256 seat) external {
        (bytes memory key,) = quorum.seat(_waiting().setId, seat);
        // INVARIANT: every seat of a set in force belongs to a validator that had proved possession of its key and had stake.
        address wallet = providers.walletOfKey(keccak256(key));
        if (wallet != address(0) && providers.validatorStake(wallet) > 0) revert ChallengeUnfounded();
        _reject();
    }

    /// @inheritdoc IEpochs
    function challengeShare(uint256[] calldata seats) external {
        bytes32 setId = _waiting().setId;
        uint256 sum = 0;
        bytes32 keyHash;
        for (uint256 i = 0; i < seats.length; ++i) {
            if (i > 0 && seats[i] <= seats[i - 1]) revert ChallengeUnfounded();
            (bytes memory key, uint256 weight) = quorum.seat(setId, seats[i]);
            if (i == 0) keyHash = keccak256(key);
            else if (keccak256(key) != keyHash) revert ChallengeUnfounded();
            sum += weight;
        }
        (uint256 count, uint256 total,) = quorum.describe(setId);
        if (sum <= _allowedShare(count, total)) revert ChallengeUnfounded();
        _reject();
    }

    /// @inheritdoc IEpochs
    function challengeDraw(uint256 seat, DrawLeaf calldata leaf, uint256 index, bytes32[] calldata siblings)
        external
    {
        Outcome memory outcome = _waiting();
        if (!outcome.isSampled || !_isInTable(outcome, leaf, index, siblings)) revert ChallengeUnfounded();
        // INVARIANT: seat i of a committee belongs to the validator whose weight the seed's i-th draw hits.
        uint256 point = drawOf(_seeds[outcome.number], seat, outcome.drawWeight);
        if (point < leaf.start || point >= uint256(leaf.start) + leaf.weight) revert ChallengeUnfounded();
        (bytes memory key,) = quorum.seat(outcome.setId, seat);
        if (keccak256(key) == leaf.keyHash) revert ChallengeUnfounded();
        _reject();
    }

    /// @inheritdoc IEpochs
    function reject() external onlyRole(VERDICT) {
        _waiting();
        _reject();
    }

    /// @inheritdoc IEpochs
    function activate() external {
        _waiting();
        // INVARIANT: an outcome counts only after its whole window without a refutation.
        _checkWindow(_activeFrom, type(uint64).max);
        _start();
    }

    /// @inheritdoc IEpochs
    function current() external view returns (uint64 number, bytes32 setId) {
        return (_number, _setId);
    }

    /// @inheritdoc IEpochs
    function currentTerms() external view returns (uint64 number, bytes32 setId, Terms memory terms) {
        return (_number, _setId, _terms);
    }

    /// @inheritdoc IEpochs
    function epochOf(uint64 number) external view returns (Epoch memory) {
        return _epochs[number];
    }

    /// @inheritdoc IEpochs
    function round() external view returns (Round memory) {
        return _round;
    }

    /// @inheritdoc IEpochs
    function pending() external view returns (Outcome memory outcome, uint64 activeFrom) {
        return (_pending, _activeFrom);
    }

    /// @inheritdoc IEpochs
    function seedOf(uint64 number) external view returns (bytes32) {
        return _seeds[number];
    }

    /// @notice The deposit and, while it is closed, the hash of a member's commitment to the seed of epoch `number`.
    function commitmentOf(uint64 number, address member) external view returns (Commitment memory) {
        return _commitments[number][member];
    }

    /// @inheritdoc IWeights
    function currentEpoch() external view returns (uint256) {
        return _number;
    }

    /// @inheritdoc IWeights
    function totalWeight(uint256 epoch) external view returns (uint256) {
        return _epochs[epoch].totalWeight;
    }

    /// @inheritdoc IWeights
    /// @dev Leaves are hashed twice, pairs are sorted: OpenZeppelin's standard tree of (wallet, weight).
    function isWeight(uint256 epoch, address wallet, uint256 weight, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(wallet, weight))));
        return MerkleProof.verifyCalldata(proof, _epochs[epoch].weightRoot, leaf);
    }

    /// @inheritdoc IEpochs
    function outcomeDigest(Outcome calldata outcome) public view returns (bytes32) {
        // A struct of words is encoded as EIP-712 encodes it: each field in 32 bytes, in order.
        return
            _hashTypedDataV4(
                keccak256(abi.encode(OUTCOME_TYPEHASH, _number, _epochs[_number].setId, outcome))
            );
    }

    /// @notice Where the seed's draw for a seat falls in `[0, drawWeight)`.
    /// @dev The remainder of 256 bits by at most 64: its bias is below 2^-192.
    function drawOf(bytes32 seed, uint256 seat, uint256 drawWeight) public pure returns (uint256) {
        if (drawWeight == 0) return 0;
        return uint256(keccak256(abi.encode(seed, seat))) % drawWeight;
    }

    function _propose(Outcome calldata outcome) private {
        // INVARIANT: epochs follow one another without gaps.
        if (outcome.number != _number + 1) revert EpochOutOfOrder(outcome.number, _number + 1);
        // INVARIANT: one outcome waits at a time, so that each can be looked at for its whole window.
        if (_activeFrom != 0) revert OutcomePending(_activeFrom);
        (uint256 seats, uint256 total, uint256 largest) = quorum.describe(outcome.setId);
        if (outcome.isSampled) {
            if (seats != _parameter(Parameter.QuorumSize) || total != seats) {
                revert CommitteeMalformed(seats, total);
            }
        } else {
            // INVARIANT: no identity has more than the capped share of a set's weight.
            uint256 allowed = _allowedShare(seats, total);
            if (largest > allowed) revert ShareAboveCap(largest, allowed);
        }
        _pending = outcome;
        _activeFrom = uint64(block.number + _parameter(Parameter.SlashWindowBlocks));
        emit OutcomeProposed(outcome.number, outcome.weightRoot, outcome.setId, _activeFrom);
    }

    function _start() private {
        Outcome memory outcome = _pending;
        _clearPending();
        bytes32 seed = _seeds[outcome.number];
        if (seed == 0) {
            // Only governance gets here without a beacon. The seed is then known to all, not chosen by any.
            seed = keccak256(abi.encode(_seeds[_number], outcome.number, bytes32(0)));
            _seeds[outcome.number] = seed;
            emit SeedSet(outcome.number, seed);
        }
        _number = outcome.number;
        _setId = outcome.setId;
        _terms = Terms({
            leafLimit: uint32(_parameter(Parameter.BatchLeafLimit)),
            intervalBlocks: uint32(_parameter(Parameter.BatchIntervalBlocks)),
            slashWindowBlocks: uint32(_parameter(Parameter.SlashWindowBlocks)),
            validatorShareBps: uint16(_parameter(Parameter.ValidatorShareBps)),
            treasuryShareBps: uint16(_parameter(Parameter.TreasuryShareBps))
        });
        _epochs[outcome.number] = Epoch({
            seed: seed,
            weightRoot: outcome.weightRoot,
            setId: outcome.setId,
            startBlock: uint64(block.number),
            totalWeight: outcome.totalWeight
        });
        uint256 length = _parameter(Parameter.EpochBlocks);
        uint256 busy = _parameter(Parameter.BeaconCommitBlocks) + _parameter(Parameter.BeaconRevealBlocks);
        _openRound(uint64(block.number + (length > busy ? length - busy : 0)));
        emit EpochStarted(outcome.number, outcome.weightRoot, outcome.setId, seed);
    }

    function _openRound(uint64 startBlock) private {
        uint64 commitEnd = startBlock + uint64(_parameter(Parameter.BeaconCommitBlocks));
        _round = Round({
            commitments: 0,
            opened: 0,
            startBlock: startBlock,
            commitEnd: commitEnd,
            revealEnd: commitEnd + uint64(_parameter(Parameter.BeaconRevealBlocks)),
            mix: 0
        });
    }

    /// @dev Marks a commitment as open; its deposit is left in place, so that its member cannot commit again.
    function _takeCommitment(address member, bytes calldata element) private returns (uint256 amount) {
        uint64 next = _number + 1;
        Commitment storage commitment = _commitments[next][member];
        // INVARIANT: a deposit is paid out once.
        if (commitment.elementHash == 0 || commitment.elementHash != keccak256(element)) {
            revert CommitmentUnknown(next, member);
        }
        commitment.elementHash = 0;
        return commitment.deposit;
    }

    /// @dev The member's address is hashed in, so that a copied commitment cancels nothing out of the XOR.
    function _mixIn(address member, bytes memory content) private returns (bytes32 mix) {
        mix = _round.mix ^ keccak256(abi.encode(_number + 1, member, content));
        _round.mix = mix;
        _round.opened += 1;
    }

    function _finishRound() private {
        Round memory round_ = _round;
        // INVARIANT: a seed is made of every commitment of its round.
        if (round_.opened != round_.commitments) return;
        uint64 next = _number + 1;
        bytes32 seed = keccak256(abi.encode(_seeds[_number], next, round_.mix));
        _seeds[next] = seed;
        emit SeedSet(next, seed);
    }

    function _waiting() private view returns (Outcome memory) {
        if (_activeFrom == 0) revert OutcomeMissing();
        return _pending;
    }

    function _reject() private {
        emit OutcomeRejected(_pending.number, _pending.weightRoot, msg.sender);
        _clearPending();
    }

    function _clearPending() private {
        delete _pending;
        _activeFrom = 0;
    }

    /// @dev With few seats an even share is above the cap and is allowed.
    function _allowedShare(uint256 seats, uint256 total) private view returns (uint256) {
        uint256 capped = total * _parameter(Parameter.IdentityWeightCapBps) / 10_000;
        uint256 even = (total + seats - 1) / seats;
        return capped > even ? capped : even;
    }

    function _checkWindow(uint256 from, uint256 to) private view {
        if (block.number < from || block.number >= to) revert OutsideWindow(from, to);
    }

    function _isInTable(
        Outcome memory outcome,
        DrawLeaf calldata leaf,
        uint256 index,
        bytes32[] calldata siblings
    ) private pure returns (bool) {
        if (index >= outcome.drawCount || !MerkleTree.isDepthOf(siblings.length, outcome.drawCount)) return false;
        bytes32 hash = MerkleTree.leafOf(abi.encodePacked(leaf.keyHash, leaf.start, leaf.weight));
        return MerkleTree.rootOf(hash, index, siblings) == outcome.drawRoot;
    }
}
