// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Batches } from "../../src/Batches.sol";
import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IBatches } from "../../src/interfaces/IBatches.sol";
import { IChannels } from "../../src/interfaces/IChannels.sol";
import { IQuorum } from "../../src/interfaces/IQuorum.sol";
import { FeeSplit } from "../../src/libraries/FeeSplit.sol";
import { MerkleTree } from "../../src/libraries/MerkleTree.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { VERDICT } from "../../src/types/Role.sol";
import { Switch } from "../../src/types/Switch.sol";
import { Settlement } from "../support/Settlement.sol";
import { Trees } from "../support/Trees.sol";

/// @dev The library behind external calls: calldata parameters, reverts.
contract TreeHarness {
    function rootOf(bytes32 leaf, uint256 index, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32)
    {
        return MerkleTree.rootOf(leaf, index, siblings);
    }

    function leafOf(bytes calldata data) external pure returns (bytes32) {
        return MerkleTree.leafOf(data);
    }
}

contract BatchesTest is Settlement {
    address private alice;
    uint256 private aliceKey;
    address private bob;
    address private module;
    bytes32[] private leaves;
    IBatches.Batch private batch;
    uint64 private releasedAt;

    function setUp() public {
        deploySettlement(4);
        (alice, aliceKey) = makeAccount("alice");
        bob = makeAddress("bob");
        module = makeAddress("verdict module");
        authority.grant(VERDICT, module);
        leaves.push(totalsLeaf(alice, 60 * COIN));
        leaves.push(totalsLeaf(bob, 20 * COIN));
        leaves.push(totalsLeaf(validator(0), 10 * COIN));
        fund(1000 * COIN);
        batch = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        releasedAt = settle(batch);
    }

    function claim(address payee, uint256 total, uint256 index) private {
        bytes32 hash = batches.hashOf(batch);
        vm.prank(payee);
        batches.claim(batch.number, hash, uint128(total), index, Trees.proof(leaves, index));
    }

    /// @dev Settles another batch in which alice has `total`.
    function settleNext(uint256 total) private {
        rollTo(releasedAt > batches.head().postedAt + 512 ? releasedAt : batches.head().postedAt + 512);
        leaves[0] = totalsLeaf(alice, total);
        batch = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        releasedAt = settle(batch);
    }

    function test_paysTotalsAfterTheWindowAndTheDifferenceLater() public {
        rollTo(releasedAt);
        claim(alice, 60 * COIN, 0);
        claim(bob, 20 * COIN, 1);
        vm.assertEq(coin.balanceOf(alice), 60 * COIN);
        vm.assertEq(coin.balanceOf(bob), 20 * COIN);
        settleNext(95 * COIN);
        rollTo(releasedAt);
        claim(alice, 95 * COIN, 0);
        vm.assertEq(coin.balanceOf(alice), 95 * COIN);
    }

    function test_skippedBatchesLoseNothing() public {
        settleNext(70 * COIN);
        settleNext(95 * COIN);
        rollTo(releasedAt);
        claim(alice, 95 * COIN, 0);
        vm.assertEq(coin.balanceOf(alice), 95 * COIN);
    }

    /// @dev Loss if accepted: 60 coins for every repetition.
    function test_refusesAClaimTwiceAndFromAnOlderBatch() public {
        rollTo(releasedAt);
        claim(alice, 60 * COIN, 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.NothingToClaim.selector, 60 * COIN, 60 * COIN));
        this.claimAs(alice, 60 * COIN, 0);
    }

    function claimAs(address payee, uint256 total, uint256 index) external {
        claim(payee, total, index);
    }

    /// @dev Loss if accepted: a batch of a corrupt quorum, before anybody could stop it.
    function test_refusesAClaimInTheSlashWindow() public {
        rollTo(releasedAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchNotReleased.selector, releasedAt));
        this.claimAs(alice, 60 * COIN, 0);
        vm.assertEq(batches.releaseOf(1), releasedAt);
        // Nor from a batch that was never settled, which has no release to wait for.
        vm.assertEq(batches.releaseOf(2), 0);
        batch.number = 2;
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnknown.selector, 2));
        this.claimAs(alice, 60 * COIN, 0);
    }

    function test_keepsTheUpperBitsOfADigestBesideTheRelease() public view {
        bytes32 digest = keccak256(abi.encode(batch.totalsRoot, batches.hashOf(batch)));
        vm.assertEq(uint256(batches.commitmentOf(1)), (uint256(digest) & ~uint256(0xffffffffff)) | releasedAt);
    }

    /// @dev Loss if accepted: whatever the contract holds.
    function test_refusesALeafThatIsNotInTheTree() public {
        rollTo(releasedAt);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnknown.selector, 1));
        this.claimAs(alice, 61 * COIN, 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnknown.selector, 1));
        this.claimAs(bob, 60 * COIN, 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnknown.selector, 1));
        this.claimAs(alice, 60 * COIN, 1);
    }

    /// @dev Loss if accepted: an inner node passed off as a leaf pays whatever its 64 bytes say.
    function test_refusesAnInnerNodeAsALeaf() public {
        TreeHarness tree = new TreeHarness();
        // Data whose leaf hash would have to be a node's hash: 0x00 and 63 bytes are 64 bytes.
        vm.expectRevert(MerkleTree.LeafAmbiguous.selector);
        tree.leafOf(new bytes(63));
        // A proof that starts one level up, at the node above leaves 0 and 1.
        bytes32 node = keccak256(abi.encodePacked(leaves[0], leaves[1]));
        bytes32[] memory proof = Trees.proof(leaves, 0);
        bytes32[] memory shorter = new bytes32[](1);
        shorter[0] = proof[1];
        vm.assertEq(tree.rootOf(node, 0, shorter), batch.totalsRoot);
        // It leads to the root, but there is no payee and total whose leaf is that node: leaves are hashed from 37 bytes.
        rollTo(releasedAt);
        bytes32 hash = batches.hashOf(batch);
        (address payee, uint128 total) = (address(bytes20(leaves[0])), uint128(uint256(leaves[1])));
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnknown.selector, 1));
        vm.prank(payee);
        batches.claim(1, hash, total, 0, shorter);
    }

    function testFuzz_refusesAProofWithAnyBitFlipped(uint16 bit) public {
        rollTo(releasedAt);
        bytes32[] memory proof = Trees.proof(leaves, 0);
        uint256 position = bound(bit, 0, 256 * proof.length - 1);
        proof[position / 256] ^= bytes32(1 << (position % 256));
        bytes32 hash = batches.hashOf(batch);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnknown.selector, 1));
        vm.prank(alice);
        batches.claim(1, hash, uint128(60 * COIN), 0, proof);
    }

    function test_claimsForManyAndLeavesOutWhoWasPaid() public {
        rollTo(releasedAt);
        claim(bob, 20 * COIN, 1);
        IBatches.Claim[] memory claims = new IBatches.Claim[](2);
        claims[0] = IBatches.Claim(alice, uint128(60 * COIN), 0, Trees.proof(leaves, 0));
        claims[1] = IBatches.Claim(bob, uint128(20 * COIN), 1, Trees.proof(leaves, 1));
        batches.claimMany(1, batches.hashOf(batch), claims);
        vm.assertEq(coin.balanceOf(alice), 60 * COIN);
        vm.assertEq(coin.balanceOf(bob), 20 * COIN);
    }

    function test_redirectsAClaimByThePayeesSignature() public {
        rollTo(releasedAt);
        bytes32 hash = batches.hashOf(batch);
        bytes32[] memory proof = Trees.proof(leaves, 0);
        bytes memory signed = signature(aliceKey, batches.redirectDigest(alice, bob, uint128(60 * COIN)));
        // Loss if accepted: alice's total, by whoever names another recipient.
        vm.expectRevert(abi.encodeWithSelector(IBatches.RedirectSignatureInvalid.selector, alice));
        batches.claimTo(1, hash, alice, uint128(60 * COIN), 0, proof, address(this), signed);
        batches.claimTo(1, hash, alice, uint128(60 * COIN), 0, proof, bob, signed);
        vm.assertEq(coin.balanceOf(bob), 60 * COIN);
    }

    /// @dev Loss if accepted: all fees, by a batch that the quorum signed for another purpose.
    function test_refusesABatchWithAnythingChanged() public {
        rollBy(600);
        IBatches.Batch memory next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        bytes memory signed = quorumSignature(batches.batchDigest(next), 0);
        next.totalsRoot = bytes32(uint256(next.totalsRoot) ^ 1);
        expectBadQuorum(next);
        batches.settle(next, 0, signed);
        next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        next.receiptsRoot = bytes32(uint256(next.receiptsRoot) ^ 1);
        expectBadQuorum(next);
        batches.settle(next, 0, signed);
        next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        next.receiptCount = 4;
        expectBadQuorum(next);
        batches.settle(next, 0, signed);
        next = batchOf(Trees.root(leaves), 3, 101 * COIN, 0);
        expectBadQuorum(next);
        batches.settle(next, 0, signed);
        batches.settle(batchOf(Trees.root(leaves), 3, 100 * COIN, 0), 0, signed);
    }

    function expectBadQuorum(IBatches.Batch memory next) private {
        vm.expectRevert(
            abi.encodeWithSelector(IQuorum.QuorumSignatureInvalid.selector, setId, batches.batchDigest(next))
        );
    }

    /// @dev Loss if accepted: the same fees twice, once by each chain, contract or epoch that takes the signature.
    function test_refusesASignatureOfAnotherChainContractNumberAndEpoch() public {
        rollBy(600);
        IBatches.Batch memory next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        bytes memory signed = quorumSignature(batches.batchDigest(next), 0);
        // Chain.
        vm.chainId(999);
        expectBadQuorum(next);
        batches.settle(next, 0, signed);
        vm.chainId(31337);
        // Contract: a second deployment that trusts the same epochs.
        Batches other =
            new Batches(authority, parameters, coin, epochs, quorum, channels, issuance, address(treasury));
        IBatches.Batch memory first = next;
        first.number = 1;
        vm.expectPartialRevert(IQuorum.QuorumSignatureInvalid.selector);
        other.settle(first, 0, signed);
        // Number: the batch that is settled already.
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchOutOfOrder.selector, 1, 2));
        batches.settle(batch, 0, signed);
        // Epoch: the next one runs with the same set.
        next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        signed = quorumSignature(batches.batchDigest(next), 0);
        epochs.proposeByGovernance(outcomeOf(2, setId));
        rollBy(300);
        epochs.activate();
        vm.expectRevert(abi.encodeWithSelector(IBatches.EpochNotRunning.selector, 2, setId));
        batches.settle(next, 0, signed);
        next.epoch = 2;
        expectBadQuorum(next);
        batches.settle(next, 0, signed);
    }

    /// @dev Loss if accepted: what two thirds are there to prevent, two different batches with one number.
    function test_refusesAQuorumShortByOne() public {
        rollBy(600);
        IBatches.Batch memory next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        bytes memory two = quorumSignature(batches.batchDigest(next), 3);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.QuorumTooSmall.selector, 20, 40));
        batches.settle(next, 3, two);
        batches.settle(next, 1, quorumSignature(batches.batchDigest(next), 1));
    }

    function test_refusesToHandOutMoreThanCameIn() public {
        rollBy(600);
        IBatches.Batch memory next = batchOf(Trees.root(leaves), 3, 901 * COIN, 0);
        bytes memory signed = quorumSignature(batches.batchDigest(next), 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnfunded.selector, 901 * COIN, 900 * COIN));
        batches.settle(next, 0, signed);
        next = batchOf(Trees.root(leaves), 3, 900 * COIN, 1);
        signed = quorumSignature(batches.batchDigest(next), 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnfunded.selector, 1, 0));
        batches.settle(next, 0, signed);
    }

    function test_refusesAnotherSplitThanTheShares() public {
        rollBy(600);
        IBatches.Batch memory next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        next.treasury += 1;
        vm.expectRevert(abi.encodeWithSelector(IBatches.SplitInvalid.selector, 12 * COIN, 10 * COIN));
        batches.settle(next, 0, "");
        next.treasury -= 1;
        next.validators -= 1;
        vm.expectRevert(abi.encodeWithSelector(IBatches.SplitInvalid.selector, 12 * COIN, 10 * COIN));
        batches.settle(next, 0, "");
    }

    function test_keepsTheIntervalUnlessTheBatchIsFull() public {
        rollTo(releasedAt - 1);
        IBatches.Batch memory next = batchOf(Trees.root(leaves), 3, 100 * COIN, 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchPending.selector, releasedAt));
        batches.settle(next, 0, "");
        rollTo(releasedAt);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchTooSoon.selector, batches.head().postedAt + 512));
        batches.settle(next, 0, "");
        next.receiptCount = 4096;
        batches.settle(next, 0, quorumSignature(batches.batchDigest(next), 0));
    }

    function test_refusesEmptyAndTooLargeBatches() public {
        rollBy(600);
        IBatches.Batch memory next = batchOf(Trees.root(leaves), 0, 100 * COIN, 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchSizeInvalid.selector, 0, 0, 4096));
        batches.settle(next, 0, "");
        next = batchOf(Trees.root(leaves), 4097, 100 * COIN, 0);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchSizeInvalid.selector, 4097, 4097, 4096));
        batches.settle(next, 0, "");
    }

    function test_finalisesOnceAfterTheRelease() public {
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchNotReleased.selector, releasedAt));
        batches.finalise(batch);
        rollTo(releasedAt);
        (uint256 reward,) = issuance.quote(100 * COIN);
        batches.finalise(batch);
        vm.assertEq(coin.balanceOf(address(treasury)), 10 * COIN);
        (uint256 fees, uint256 rewards) = batches.unallotted();
        vm.assertEq(fees, 900 * COIN);
        vm.assertGt(reward, 0);
        vm.assertEq(rewards, reward);
        vm.expectRevert(abi.encodeWithSelector(IBatches.AlreadyFinalised.selector, 1));
        batches.finalise(batch);
    }

    function test_handsOutNewCoinsInAFollowingBatch() public {
        rollTo(releasedAt);
        batches.finalise(batch);
        (, uint256 rewards) = batches.unallotted();
        rollBy(600);
        leaves[0] = totalsLeaf(alice, 60 * COIN + rewards);
        batch = batchOf(Trees.root(leaves), 3, 0, rewards);
        releasedAt = settle(batch);
        rollTo(releasedAt);
        claim(alice, 60 * COIN + rewards, 0);
        vm.assertEq(coin.balanceOf(alice), 60 * COIN + rewards);
    }

    function test_letsAVerdictModuleStopAWaitingBatch() public {
        expectMissingRole(VERDICT, address(this));
        batches.stop(batch);
        vm.prank(module);
        batches.stop(batch);
        (uint256 fees,) = batches.unallotted();
        vm.assertEq(fees, 1000 * COIN);
        rollTo(releasedAt);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchUnknown.selector, 1));
        this.claimAs(alice, 60 * COIN, 0);
        // Its number is spent: the same signature settles nothing.
        rollBy(600);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchOutOfOrder.selector, 1, 2));
        batches.settle(batch, 0, "");
    }

    /// @dev Loss if accepted: the treasury's share, new coins and a bond, as large as the caller writes them into the batch.
    function testFuzz_refusesABatchOtherThanTheOneSettled(uint8 field, uint32 change) public {
        demand(IBatches.Tree.Totals, 1);
        bytes32[] memory proof = Trees.proof(leaves, 1);
        bytes memory data = abi.encodePacked(bob, uint128(20 * COIN));
        vm.prank(guardian);
        authority.pause(Switch.Settlement);

        IBatches.Batch memory other = changed(batch, field % 11, uint32(bound(change, 1, type(uint32).max)));
        // A number that nobody settled has no demand, and is refused for that.
        bool isOtherNumber = other.number != batch.number;
        bytes memory unknown = abi.encodeWithSelector(IBatches.BatchUnknown.selector, other.number);
        bytes32 id = batches.demandId(other.number, IBatches.Tree.Totals, 1);
        bytes memory undemanded = abi.encodeWithSelector(IBatches.DemandUnknown.selector, id);
        vm.expectRevert(unknown);
        batches.demandData(other, IBatches.Tree.Totals, 0);
        vm.expectRevert(unknown);
        batches.answerDemand(other, IBatches.Tree.Totals, 1, data, proof);
        vm.expectRevert(unknown);
        batches.hold(other);
        vm.expectRevert(unknown);
        vm.prank(module);
        batches.stop(other);
        rollTo(batches.demandOf(batches.demandId(1, IBatches.Tree.Totals, 1)).deadline);
        vm.expectRevert(isOtherNumber ? undemanded : unknown);
        batches.closeDemand(other, IBatches.Tree.Totals, 1);
        rollTo(releasedAt);
        vm.expectRevert(unknown);
        batches.finalise(other);
    }

    /// @dev One of the eleven fields of a batch, changed.
    function changed(IBatches.Batch memory from, uint256 field, uint32 change)
        private
        pure
        returns (IBatches.Batch memory other)
    {
        other = abi.decode(abi.encode(from), (IBatches.Batch));
        if (field == 0) other.number += change;
        else if (field == 1) other.epoch += change;
        else if (field == 2) other.setId ^= bytes32(uint256(change));
        else if (field == 3) other.totalsRoot ^= bytes32(uint256(change));
        else if (field == 4) other.receiptsRoot ^= bytes32(uint256(change));
        else if (field == 5) other.payeeCount ^= change;
        else if (field == 6) other.receiptCount ^= change;
        else if (field == 7) other.fees += change;
        else if (field == 8) other.validators += change;
        else if (field == 9) other.treasury += change;
        else other.rewards += change;
    }

    function test_holdsOnlyWhileSettlementIsPaused() public {
        vm.prank(guardian);
        authority.pause(Switch.Settlement);
        uint256 until = authority.pausedUntil(Switch.Settlement);
        vm.warp(until);
        vm.expectRevert(IBatches.NotPaused.selector);
        batches.hold(batch);
        vm.warp(until - 1);
        batches.hold(batch);
    }

    function test_refusesToStopAReleasedBatch() public {
        rollTo(releasedAt);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchReleased.selector, releasedAt));
        vm.prank(module);
        batches.stop(batch);
    }

    function demand(IBatches.Tree tree, uint256 index) private {
        give(address(this), 10 * COIN);
        coin.approve(address(batches), 10 * COIN);
        batches.demandData(batch, tree, index);
        releasedAt = batches.head().releasedAt;
    }

    function test_stopsABatchWhoseDataStaysHidden() public {
        uint64 before = releasedAt;
        rollBy(200);
        demand(IBatches.Tree.Receipts, 1);
        vm.assertGt(releasedAt, before);
        uint64 deadline = batches.demandOf(batches.demandId(1, IBatches.Tree.Receipts, 1)).deadline;
        vm.expectRevert(abi.encodeWithSelector(IBatches.DemandOpen.selector, deadline));
        batches.closeDemand(batch, IBatches.Tree.Receipts, 1);
        rollTo(deadline);
        vm.expectRevert(abi.encodeWithSelector(IBatches.DemandOverdue.selector, deadline));
        batches.answerDemand(batch, IBatches.Tree.Receipts, 1, "", Trees.proof(leaves, 1));
        uint256 held = coin.balanceOf(address(this));
        batches.closeDemand(batch, IBatches.Tree.Receipts, 1);
        vm.assertEq(coin.balanceOf(address(this)), held + 10 * COIN);
        vm.assertEq(batches.commitmentOf(1), bytes32(0));
    }

    function test_paysTheBondToWhoeverAnswers() public {
        demand(IBatches.Tree.Totals, 1);
        bytes32[] memory proof = Trees.proof(leaves, 1);
        bytes memory data = abi.encodePacked(bob, uint128(20 * COIN));
        bytes memory wrong = abi.encodePacked(bob, uint128(21 * COIN));
        vm.expectRevert(abi.encodeWithSelector(IBatches.LeafInvalid.selector, 1));
        batches.answerDemand(batch, IBatches.Tree.Totals, 1, wrong, proof);
        vm.prank(bob);
        batches.answerDemand(batch, IBatches.Tree.Totals, 1, data, proof);
        vm.assertEq(coin.balanceOf(bob), 10 * COIN);
        bytes32 id = batches.demandId(1, IBatches.Tree.Totals, 1);
        vm.expectRevert(abi.encodeWithSelector(IBatches.DemandUnknown.selector, id));
        batches.answerDemand(batch, IBatches.Tree.Totals, 1, data, proof);
        vm.expectRevert(abi.encodeWithSelector(IBatches.DemandExists.selector, id));
        batches.demandData(batch, IBatches.Tree.Totals, 1);
        // Claims wait for the moved release, then go on.
        rollTo(releasedAt);
        claim(bob, 20 * COIN, 1);
    }

    function test_endsDemandsWithTheWindowAndRefusesLeavesThatDoNotExist() public {
        vm.expectRevert(abi.encodeWithSelector(IBatches.LeafInvalid.selector, 3));
        batches.demandData(batch, IBatches.Tree.Totals, 3);
        uint64 until = batches.head().demandableUntil;
        rollTo(until - 1);
        demand(IBatches.Tree.Totals, 0);
        rollTo(until);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchReleased.selector, until));
        batches.demandData(batch, IBatches.Tree.Totals, 1);
    }

    function test_returnsBondsOfABatchThatWasStoppedOrReleased() public {
        demand(IBatches.Tree.Totals, 0);
        demand(IBatches.Tree.Totals, 1);
        rollTo(releasedAt);
        // Nobody said in time that the answer is missing: released, and the bond still comes back.
        batches.closeDemand(batch, IBatches.Tree.Totals, 0);
        vm.assertNotEq(batches.commitmentOf(1), bytes32(0));
        settleNext(95 * COIN);
        demand(IBatches.Tree.Totals, 2);
        vm.prank(module);
        batches.stop(batch);
        uint256 held = coin.balanceOf(address(this));
        batches.closeDemand(batch, IBatches.Tree.Totals, 2);
        vm.assertEq(coin.balanceOf(address(this)), held + 10 * COIN);
    }

    function test_postsNothingWhilePausedAndHoldsWhatWaits() public {
        vm.expectRevert(IBatches.NotPaused.selector);
        batches.hold(batch);
        vm.prank(guardian);
        authority.pause(Switch.Settlement);
        rollTo(releasedAt - 1);
        batches.hold(batch);
        uint64 later = batches.head().releasedAt;
        vm.assertEq(later, vm.getBlockNumber() + 256);
        vm.assertEq(batches.releaseOf(1), later);
        rollTo(releasedAt);
        vm.expectRevert(abi.encodeWithSelector(IBatches.BatchNotReleased.selector, later));
        this.claimAs(alice, 60 * COIN, 0);
        vm.expectPartialRevert(IAuthority.Paused.selector);
        batches.settle(batch, 0, "");
        releasedAt = later;
        rollTo(later);
        // What is released stays claimable, paused or not.
        claim(alice, 60 * COIN, 0);
    }

    function test_collectsVouchersAsFees() public {
        (address payer, uint256 payerKey) = makeAccount("payer");
        IChannels.Channel memory channel = IChannels.Channel(payer, address(batches), payer, 0);
        give(payer, 50 * COIN);
        vm.startPrank(payer);
        coin.approve(address(channels), 50 * COIN);
        channels.deposit(channel, 50 * COIN);
        vm.stopPrank();
        bytes memory voucher =
            signature(payerKey, channels.voucherDigest(channels.channelId(channel), uint128(30 * COIN)));
        // Loss if accepted: fees that no batch could ever hand out.
        vm.expectRevert(abi.encodeWithSelector(IChannels.NotParty.selector, address(this), address(batches)));
        channels.claim(channel, uint128(30 * COIN), voucher);
        batches.collect(channel, uint128(30 * COIN), voucher);
        (uint256 fees,) = batches.unallotted();
        vm.assertEq(fees, 930 * COIN);
    }

    function testFuzz_sharesSumToTheFees(uint128 fees, uint16 validatorBps, uint16 treasuryBps) public pure {
        uint256 forValidators = bound(validatorBps, 0, 2500);
        uint256 forTreasury = bound(treasuryBps, 0, 2500);
        (uint256 a, uint256 b, uint256 c) = FeeSplit.split(fees, forValidators, forTreasury);
        vm.assertEq(a + b + c, fees);
        vm.assertGe(a, fees / 2);
    }

    function test_agreesWithTheModelsVectors() public {
        string memory json = vm.readFile("shared/money/vectors/settlement.json");
        address home = vm.parseJsonAddress(json, ".contract.address");
        vm.etch(home, address(batches).code);
        Batches there = Batches(home);
        IBatches.Batch memory vector = IBatches.Batch({
            number: uint64(vm.parseJsonUint(json, ".batch.number")),
            epoch: uint64(vm.parseJsonUint(json, ".batch.epoch")),
            setId: vm.parseJsonBytes32(json, ".batch.setId"),
            totalsRoot: vm.parseJsonBytes32(json, ".batch.totalsRoot"),
            receiptsRoot: vm.parseJsonBytes32(json, ".batch.receiptsRoot"),
            payeeCount: uint32(vm.parseJsonUint(json, ".batch.payeeCount")),
            receiptCount: uint32(vm.parseJsonUint(json, ".batch.receiptCount")),
            fees: uint128(vm.parseJsonUint(json, ".batch.fees")),
            validators: uint128(vm.parseJsonUint(json, ".batch.validators")),
            treasury: uint128(vm.parseJsonUint(json, ".batch.treasury")),
            rewards: uint128(vm.parseJsonUint(json, ".batch.rewards"))
        });
        vm.assertEq(there.batchDigest(vector), vm.parseJsonBytes32(json, ".batch.digest"));
        vm.assertEq(there.hashOf(vector), vm.parseJsonBytes32(json, ".batch.hash"));
        vm.assertEq(
            there.redirectDigest(
                vm.parseJsonAddress(json, ".redirect.payee"),
                vm.parseJsonAddress(json, ".redirect.recipient"),
                uint128(vm.parseJsonUint(json, ".redirect.cumulative"))
            ),
            vm.parseJsonBytes32(json, ".redirect.digest")
        );
        checkTrees(json);
        checkSplits(json);
    }

    function checkTrees(string memory json) private {
        TreeHarness tree = new TreeHarness();
        uint256 count = vm.parseJsonUint(json, ".treeCount");
        for (uint256 i = 0; i < count; i++) {
            string memory item = string.concat(".trees[", vm.toString(i), "]");
            bytes32 root = vm.parseJsonBytes32(json, string.concat(item, ".root"));
            bytes[] memory data = vm.parseJsonBytesArray(json, string.concat(item, ".data"));
            for (uint256 j = 0; j < data.length; j++) {
                bytes32[] memory proof =
                    vm.parseJsonBytes32Array(json, string.concat(item, ".proofs[", vm.toString(j), "]"));
                vm.assertEq(tree.rootOf(tree.leafOf(data[j]), j, proof), root);
            }
        }
    }

    function checkSplits(string memory json) private pure {
        uint256 count = vm.parseJsonUint(json, ".splitCount");
        for (uint256 i = 0; i < count; i++) {
            string memory item = string.concat(".splits[", vm.toString(i), "]");
            uint256 fees = vm.parseJsonUint(json, string.concat(item, ".fees"));
            (uint256 a, uint256 b, uint256 c) = FeeSplit.split(fees, 1200, 1000);
            vm.assertEq(a, vm.parseJsonUint(json, string.concat(item, ".operators")));
            vm.assertEq(b, vm.parseJsonUint(json, string.concat(item, ".validators")));
            vm.assertEq(c, vm.parseJsonUint(json, string.concat(item, ".treasury")));
        }
    }
}
