// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IBatches } from "./interfaces/IBatches.sol";
import { IChannels } from "./interfaces/IChannels.sol";
import { IEpochs } from "./interfaces/IEpochs.sol";
import { IIssuance } from "./interfaces/IIssuance.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { IQuorum } from "./interfaces/IQuorum.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { FeeSplit } from "./libraries/FeeSplit.sol";
import { MerkleTree } from "./libraries/MerkleTree.sol";
import { Parameter } from "./types/Parameter.sol";
import { VERDICT } from "./types/Role.sol";
import { Switch } from "./types/Switch.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { Hashes } from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @notice See {IBatches}.
contract Batches is IBatches, Governed, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IRaceCoin;

    /// @dev Both fit: the token's cap is below 2^90 wei.
    struct Unallotted {
        uint128 fees;
        uint128 rewards;
    }

    /// @dev A struct, so that its place is computed once for reading and writing.
    /// @param claimed Coins (wei) that the payee was ever paid.
    struct Lifetime {
        uint256 claimed;
    }

    bytes32 private constant BATCH_TYPEHASH = keccak256(
        "Batch(uint64 number,uint64 epoch,bytes32 setId,bytes32 totalsRoot,bytes32 receiptsRoot,uint32 payeeCount,uint32 receiptCount,uint128 fees,uint128 validators,uint128 treasury,uint128 rewards)"
    );

    bytes32 private constant REDIRECT_TYPEHASH =
        keccak256("Redirect(address payee,address recipient,uint128 cumulative)");
    /// @dev Of a commitment, from below; the others are the digest.
    uint256 private constant RELEASE_BITS = 40;

    IRaceCoin public immutable coin;
    IEpochs public immutable epochs;
    IQuorum public immutable quorum;
    IChannels public immutable channels;
    IIssuance public immutable issuance;
    address public immutable treasury;

    Head private _head;
    Unallotted private _unallotted;
    /// @dev One slot a batch, and one to read for a claim: 216 bits of keccak256(totals' root ‖ batch's hash), then the
    /// block of its release. Two batches of one digest would take 2^108 trials, and a quorum that signs one of them.
    mapping(uint64 number => bytes32) private _commitments;
    mapping(address payee => Lifetime) private _lifetimes;
    mapping(uint64 number => bool) private _isFinalised;
    mapping(bytes32 id => Demand) private _demands;

    constructor(
        IAuthority authority_,
        IParameters parameters_,
        IRaceCoin coin_,
        IEpochs epochs_,
        IQuorum quorum_,
        IChannels channels_,
        IIssuance issuance_,
        address treasury_
    ) Governed(authority_, parameters_) EIP712("Racemesh Batches", "1") {
        coin = coin_;
        epochs = epochs_;
        quorum = quorum_;
        channels = channels_;
        issuance = issuance_;
        treasury = treasury_;
    }

    /// @inheritdoc IBatches
    function fund(uint256 amount) external nonReentrant {
        _addFees(amount);
        coin.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IBatches
    function collect(IChannels.Channel calldata channel, uint128 cumulative, bytes calldata signature)
        external
        nonReentrant
    {
        _addFees(channels.claim(channel, cumulative, signature));
    }

    /// @inheritdoc IBatches
    function settle(Batch calldata batch, uint256 absentees, bytes calldata signature)
        external
        whenRunning(Switch.Settlement)
    {
        (uint64 epoch, bytes32 setId, IEpochs.Terms memory terms) = epochs.currentTerms();
        _checkOrder(batch, terms);
        if (batch.epoch != epoch || batch.setId != setId) revert EpochNotRunning(epoch, setId);
        (, uint256 validators, uint256 treasury_) =
            FeeSplit.split(batch.fees, terms.validatorShareBps, terms.treasuryShareBps);
        if (batch.validators != validators || batch.treasury != treasury_) {
            revert SplitInvalid(validators, treasury_);
        }
        bytes32 hash = hashOf(batch);
        quorum.checkQuorum(setId, _hashTypedDataV4(hash), absentees, signature);
        _allot(batch);

        uint64 releasedAt = uint64(block.number) + terms.slashWindowBlocks;
        _head = Head({
            number: batch.number,
            postedAt: uint64(block.number),
            demandableUntil: releasedAt,
            releasedAt: releasedAt
        });
        _commitments[batch.number] = _commitment(batch.totalsRoot, hash, releasedAt);
        emit BatchSettled(batch.number, batch.totalsRoot, hash, releasedAt);
    }

    /// @inheritdoc IBatches
    function claim(
        uint64 number,
        bytes32 hash,
        uint128 cumulative,
        uint256 index,
        bytes32[] calldata siblings
    ) external {
        _checkLeaf(number, hash, msg.sender, cumulative, index, siblings);
        _pay(msg.sender, msg.sender, cumulative);
    }

    /// @inheritdoc IBatches
    function claimMany(uint64 number, bytes32 hash, Claim[] calldata claims) external {
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            if (one.cumulative <= _lifetimes[one.payee].claimed) continue;
            _checkLeaf(number, hash, one.payee, one.cumulative, one.index, one.siblings);
            _pay(one.payee, one.payee, one.cumulative);
        }
    }

    /// @inheritdoc IBatches
    function claimTo(
        uint64 number,
        bytes32 hash,
        address payee,
        uint128 cumulative,
        uint256 index,
        bytes32[] calldata siblings,
        address recipient,
        bytes calldata signature
    ) external {
        _checkLeaf(number, hash, payee, cumulative, index, siblings);
        bytes32 digest = redirectDigest(payee, recipient, cumulative);
        if (!SignatureChecker.isValidSignatureNowCalldata(payee, digest, signature)) {
            revert RedirectSignatureInvalid(payee);
        }
        _pay(payee, recipient, cumulative);
    }

    /// @inheritdoc IBatches
    function finalise(Batch calldata batch) external nonReentrant {
        uint64 releasedAt = _checkKnown(batch);
        if (block.number < releasedAt) revert BatchNotReleased(releasedAt);
        // INVARIANT: the treasury is paid, and new coins are released, once a batch.
        if (_isFinalised[batch.number]) revert AlreadyFinalised(batch.number);
        _isFinalised[batch.number] = true;
        uint256 newCoins = issuance.release(batch.fees);
        // SAFETY: new coins fit in 90 bits, as all coins do.
        // forge-lint: disable-next-line(unsafe-typecast)
        _unallotted.rewards += uint128(newCoins);
        emit BatchFinalised(batch.number, batch.treasury, newCoins);
        if (batch.treasury > 0) coin.safeTransfer(treasury, batch.treasury);
    }

    /// @inheritdoc IBatches
    function demandData(Batch calldata batch, Tree tree, uint256 index) external nonReentrant {
        uint64 releasedAt = _checkWaiting(batch);
        uint64 demandableUntil = _head.demandableUntil;
        if (block.number >= demandableUntil) revert BatchReleased(demandableUntil);
        (, uint256 count) = _treeOf(batch, tree);
        if (index >= count) revert LeafInvalid(index);
        bytes32 id = demandId(batch.number, tree, index);
        // INVARIANT: a leaf is demanded once.
        if (_demands[id].deadline != 0) revert DemandExists(id);
        uint256 span = _parameter(Parameter.DataDemandBlocks);
        uint256 bond = _parameter(Parameter.DataDemandBond);
        // SAFETY: block numbers and spans of blocks are far below 2^64, and a bond is at most 10,000 coins by its bounds.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 deadline = uint64(block.number + span);
        // forge-lint: disable-next-line(unsafe-typecast)
        _demands[id] = Demand({ asker: msg.sender, bond: uint96(bond), deadline: deadline });
        // INVARIANT: a batch is not released while a demand can still turn out unanswered: as long again to say so.
        // forge-lint: disable-next-line(unsafe-typecast)
        _postpone(batch, releasedAt, uint64(deadline + span));
        emit DataDemanded(batch.number, tree, index, msg.sender, deadline);
        coin.safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @inheritdoc IBatches
    function answerDemand(
        Batch calldata batch,
        Tree tree,
        uint256 index,
        bytes calldata data,
        bytes32[] calldata siblings
    ) external nonReentrant {
        _checkKnown(batch);
        Demand memory demand = _openDemand(batch.number, tree, index);
        // INVARIANT: an answer is never accepted after its deadline.
        if (block.number >= demand.deadline) revert DemandOverdue(demand.deadline);
        (bytes32 root, uint256 count) = _treeOf(batch, tree);
        if (
            !MerkleTree.isDepthOf(siblings.length, count)
                || MerkleTree.rootOf(MerkleTree.leafOf(data), index, siblings) != root
        ) revert LeafInvalid(index);
        emit DataAnswered(batch.number, tree, index, msg.sender, data);
        coin.safeTransfer(msg.sender, _closeDemand(batch.number, tree, index));
    }

    /// @inheritdoc IBatches
    function closeDemand(Batch calldata batch, Tree tree, uint256 index) external nonReentrant {
        Demand memory demand = _openDemand(batch.number, tree, index);
        if (_commitments[batch.number] != 0) {
            uint64 releasedAt = _checkKnown(batch);
            if (block.number < demand.deadline) revert DemandOpen(demand.deadline);
            emit DataWithheld(batch.number, tree, index);
            if (block.number < releasedAt) _stop(batch);
        }
        // A batch that is stopped already owes no answer.
        coin.safeTransfer(demand.asker, _closeDemand(batch.number, tree, index));
    }

    /// @inheritdoc IBatches
    function stop(Batch calldata batch) external onlyRole(VERDICT) {
        _checkWaiting(batch);
        _stop(batch);
    }

    /// @inheritdoc IBatches
    function hold(Batch calldata batch) external {
        uint64 releasedAt = _checkWaiting(batch);
        // INVARIANT: while settlement is paused nothing new becomes claimable.
        if (authority.pausedUntil(Switch.Settlement) <= block.timestamp) revert NotPaused();
        _postpone(batch, releasedAt, uint64(block.number + _parameter(Parameter.SlashWindowBlocks)));
    }

    /// @inheritdoc IBatches
    function head() external view returns (Head memory) {
        return _head;
    }

    /// @inheritdoc IBatches
    function unallotted() external view returns (uint256 fees, uint256 rewards) {
        return (_unallotted.fees, _unallotted.rewards);
    }

    /// @inheritdoc IBatches
    function claimedOf(address payee) external view returns (uint256) {
        return _lifetimes[payee].claimed;
    }

    /// @inheritdoc IBatches
    function commitmentOf(uint64 number) external view returns (bytes32) {
        return _commitments[number];
    }

    /// @inheritdoc IBatches
    function releaseOf(uint64 number) external view returns (uint64) {
        return _releaseIn(_commitments[number]);
    }

    /// @inheritdoc IBatches
    function demandOf(bytes32 id) external view returns (Demand memory) {
        return _demands[id];
    }

    /// @inheritdoc IBatches
    function demandId(uint64 number, Tree tree, uint256 index) public pure returns (bytes32) {
        return keccak256(abi.encode(number, tree, index));
    }

    /// @inheritdoc IBatches
    function hashOf(Batch calldata batch) public pure returns (bytes32 hash) {
        bytes32 typehash = BATCH_TYPEHASH;
        assembly ("memory-safe") {
            // A struct of eleven words stands in calldata as EIP-712 encodes it. A word with bits above its type hashes to
            // something that nobody signed.
            let buffer := mload(0x40)
            mstore(buffer, typehash)
            calldatacopy(add(buffer, 32), batch, 352)
            hash := keccak256(buffer, 384)
        }
    }

    /// @inheritdoc IBatches
    function batchDigest(Batch calldata batch) public view returns (bytes32) {
        return _hashTypedDataV4(hashOf(batch));
    }

    /// @inheritdoc IBatches
    function redirectDigest(address payee, address recipient, uint128 cumulative)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(REDIRECT_TYPEHASH, payee, recipient, cumulative)));
    }

    function _checkOrder(Batch calldata batch, IEpochs.Terms memory terms) private view {
        Head memory last = _head;
        // INVARIANT: batches are numbered without gaps.
        if (batch.number != last.number + 1) revert BatchOutOfOrder(batch.number, last.number + 1);
        // INVARIANT: one batch waits at a time.
        if (block.number < last.releasedAt) revert BatchPending(last.releasedAt);
        uint256 limit = terms.leafLimit;
        uint256 size = batch.payeeCount > batch.receiptCount ? batch.payeeCount : batch.receiptCount;
        if (batch.payeeCount == 0 || batch.receiptCount == 0 || size > limit) {
            revert BatchSizeInvalid(batch.payeeCount, batch.receiptCount, limit);
        }
        // INVARIANT: a batch comes an interval after the last one, or when it is full.
        if (size < limit && last.number != 0) {
            uint256 from = last.postedAt + terms.intervalBlocks;
            if (block.number < from) revert BatchTooSoon(from);
        }
    }

    function _allot(Batch calldata batch) private {
        Unallotted memory left = _unallotted;
        // INVARIANT: a batch hands out no more than has come in.
        if (batch.fees > left.fees) revert BatchUnfunded(batch.fees, left.fees);
        if (batch.rewards > left.rewards) revert BatchUnfunded(batch.rewards, left.rewards);
        _unallotted = Unallotted({ fees: left.fees - batch.fees, rewards: left.rewards - batch.rewards });
    }

    function _addFees(uint256 amount) private {
        // SAFETY: coins that exist fit in 90 bits; the transfer that follows or came before proves that these do.
        // forge-lint: disable-next-line(unsafe-typecast)
        _unallotted.fees += uint128(amount);
        emit Funded(msg.sender, amount);
    }

    function _checkLeaf(
        uint64 number,
        bytes32 hash,
        address payee,
        uint128 cumulative,
        uint256 index,
        bytes32[] calldata siblings
    ) private view {
        bytes32 root = MerkleTree.rootOf(_leafOf(payee, cumulative), index, siblings);
        bytes32 commitment = _commitments[number];
        uint64 releasedAt = _releaseIn(commitment);
        // INVARIANT: nothing is claimed from a batch that can still be stopped.
        if (block.number < releasedAt) revert BatchNotReleased(releasedAt);
        if (commitment != _commitment(root, hash, releasedAt)) revert BatchUnknown(number);
    }

    /// @dev `MerkleTree.leafOf(abi.encodePacked(payee, cumulative))`: 37 bytes, hashed without a detour through fresh memory.
    function _leafOf(address payee, uint128 cumulative) private pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            // A zero byte, 20 bytes of payee and the upper 11 of the total; then its lower 5.
            mstore(0, or(shl(88, payee), shr(40, cumulative)))
            mstore(32, shl(216, cumulative))
            leaf := keccak256(0, 37)
        }
    }

    function _pay(address payee, address recipient, uint128 cumulative) private {
        Lifetime storage lifetime = _lifetimes[payee];
        uint256 before = lifetime.claimed;
        // INVARIANT: a total is paid once: only what it adds to the largest total before.
        if (cumulative <= before) revert NothingToClaim(cumulative, before);
        lifetime.claimed = cumulative;
        unchecked {
            // SAFETY: `cumulative > before` was just checked. No guard: the state is written, and the coin calls nobody.
            // The coin's own Transfer event from this contract is the record of a claim.
            if (!coin.transfer(recipient, cumulative - before)) revert TransferFailed();
        }
    }

    function _commitment(bytes32 totalsRoot, bytes32 hash, uint64 releasedAt) private pure returns (bytes32) {
        uint256 digest = uint256(Hashes.efficientKeccak256(totalsRoot, hash));
        return bytes32((digest >> RELEASE_BITS << RELEASE_BITS) | releasedAt);
    }

    function _releaseIn(bytes32 commitment) private pure returns (uint64) {
        // The lower 40 bits are meant.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(uint256(commitment));
    }

    /// @return releasedAt First block of the batch's release; blocks stay far below 2^40.
    function _checkKnown(Batch calldata batch) private view returns (uint64 releasedAt) {
        bytes32 commitment = _commitments[batch.number];
        releasedAt = _releaseIn(commitment);
        if (commitment != _commitment(batch.totalsRoot, hashOf(batch), releasedAt)) {
            revert BatchUnknown(batch.number);
        }
    }

    function _checkWaiting(Batch calldata batch) private view returns (uint64 releasedAt) {
        releasedAt = _checkKnown(batch);
        // INVARIANT: a batch is not stopped once it is released.
        if (block.number >= releasedAt) revert BatchReleased(releasedAt);
    }

    function _postpone(Batch calldata batch, uint64 oldRelease, uint64 newRelease) private {
        if (newRelease <= oldRelease) return;
        _head.releasedAt = newRelease;
        _commitments[batch.number] = _commitment(batch.totalsRoot, hashOf(batch), newRelease);
        emit BatchPostponed(batch.number, newRelease);
    }

    function _stop(Batch calldata batch) private {
        delete _commitments[batch.number];
        // INVARIANT: what a stopped batch handed out can be handed out again.
        _unallotted.fees += batch.fees;
        _unallotted.rewards += batch.rewards;
        // The next batch need not wait for one that pays nobody.
        _head.releasedAt = uint64(block.number);
        emit BatchStopped(batch.number, msg.sender);
    }

    function _treeOf(Batch calldata batch, Tree tree) private pure returns (bytes32 root, uint256 count) {
        if (tree == Tree.Totals) return (batch.totalsRoot, batch.payeeCount);
        return (batch.receiptsRoot, batch.receiptCount);
    }

    function _openDemand(uint64 number, Tree tree, uint256 index)
        private
        view
        returns (Demand memory demand)
    {
        bytes32 id = demandId(number, tree, index);
        demand = _demands[id];
        if (demand.bond == 0) revert DemandUnknown(id);
    }

    /// @dev The deadline stays, so that the leaf is not demanded again.
    function _closeDemand(uint64 number, Tree tree, uint256 index) private returns (uint256 bond) {
        Demand storage demand = _demands[demandId(number, tree, index)];
        bond = demand.bond;
        // INVARIANT: a bond is paid out once.
        demand.bond = 0;
    }
}
