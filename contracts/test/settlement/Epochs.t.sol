// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IEpochs } from "../../src/interfaces/IEpochs.sol";
import { IQuorum } from "../../src/interfaces/IQuorum.sol";
import { TimedCommitment } from "../../src/libraries/TimedCommitment.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { VERDICT } from "../../src/types/Role.sol";
import { BlsSigner } from "../support/BlsSigner.sol";
import { Settlement } from "../support/Settlement.sol";
import { Trees } from "../support/Trees.sol";

contract EpochsTest is Settlement {
    struct Share {
        bytes element;
        uint256 secret;
        bytes content;
        bytes proof;
        uint256 nonce;
    }

    string private json = vm.readFile("shared/money/vectors/timed-commitment.json");
    Share[] private shares;

    function setUp() public {
        deploySettlement(4);
        for (uint256 i = 0; i < 3; i++) {
            string memory item = string.concat(".commitments[", vm.toString(i), "]");
            shares.push(
                Share({
                    element: vm.parseJsonBytes(json, string.concat(item, ".element")),
                    secret: uint256(vm.parseJsonBytes32(json, string.concat(item, ".secret"))),
                    content: vm.parseJsonBytes(json, string.concat(item, ".content")),
                    proof: vm.parseJsonBytes(json, string.concat(item, ".recovery.proof")),
                    nonce: vm.parseJsonUint(json, string.concat(item, ".recovery.nonce"))
                })
            );
        }
    }

    function commit(uint256 i) private {
        vm.startPrank(validator(i));
        coin.approve(address(epochs), type(uint256).max);
        epochs.commit(shares[i].element);
        vm.stopPrank();
    }

    function reveal(uint256 i) private {
        vm.prank(validator(i));
        epochs.reveal(shares[i].element, shares[i].secret);
    }

    function recover(uint256 i, address by) private {
        address member = validator(i);
        vm.prank(by);
        epochs.recover(member, shares[i].element, shares[i].content, shares[i].proof, shares[i].nonce);
    }

    function toCommitWindow() private {
        rollTo(epochs.round().startBlock);
    }

    function makeSeed() private {
        toCommitWindow();
        commit(0);
        rollTo(epochs.round().commitEnd);
        reveal(0);
    }

    function signed(IEpochs.Outcome memory outcome) private view returns (bytes memory) {
        return quorumSignature(epochs.outcomeDigest(outcome), 0);
    }

    // The beacon.

    function test_makesASeedOfEveryCommitment() public {
        toCommitWindow();
        for (uint256 i = 0; i < 3; i++) {
            commit(i);
        }
        rollTo(epochs.round().commitEnd);
        uint256 before = coin.balanceOf(validator(0));
        reveal(0);
        vm.assertEq(coin.balanceOf(validator(0)), before + valueOf(Parameter.BeaconDeposit));
        reveal(1);
        vm.assertEq(epochs.seedOf(2), bytes32(0));
        reveal(2);
        vm.assertNotEq(epochs.seedOf(2), bytes32(0));
    }

    /// @dev The cost of one bit of influence. With plain commit and reveal a withholder chooses between two seeds for one
    /// deposit. Here the seed is the same whether it reveals or not: no number of deposits buys a bit.
    function test_withholdingDoesNotChangeTheSeed() public {
        toCommitWindow();
        for (uint256 i = 0; i < 3; i++) {
            commit(i);
        }
        rollTo(epochs.round().commitEnd);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 3; i++) {
            reveal(i);
        }
        bytes32 seed = epochs.seedOf(2);
        // The same round for every subset of withholders that leaves anybody out.
        for (uint256 withheld = 1; withheld < 8; withheld++) {
            vm.revertToState(snapshot);
            snapshot = vm.snapshotState();
            for (uint256 i = 0; i < 3; i++) {
                if ((withheld >> i) & 1 == 0) reveal(i);
            }
            rollTo(epochs.round().revealEnd);
            for (uint256 i = 0; i < 3; i++) {
                if ((withheld >> i) & 1 == 1) recover(i, address(this));
            }
            vm.assertEq(epochs.seedOf(2), seed);
        }
    }

    /// @dev Loss if accepted: a seed that the last to reveal has chosen.
    function test_withholdingCostsTheDeposit() public {
        toCommitWindow();
        commit(0);
        rollTo(epochs.round().revealEnd);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEpochs.OutsideWindow.selector, epochs.round().commitEnd, epochs.round().revealEnd
            )
        );
        reveal(0);
        uint256 deposit = valueOf(Parameter.BeaconDeposit);
        address helper = makeAddress("helper");
        recover(0, helper);
        vm.assertEq(coin.balanceOf(helper), deposit / 2);
        vm.assertEq(coin.balanceOf(address(treasury)), deposit - deposit / 2);
    }

    function test_refusesToRecoverBeforeTheRevealsAreOver() public {
        toCommitWindow();
        commit(0);
        rollTo(epochs.round().revealEnd - 1);
        vm.expectPartialRevert(IEpochs.OutsideWindow.selector);
        this.recoverAs(0);
    }

    function recoverAs(uint256 i) external {
        epochs.recover(validator(i), shares[i].element, shares[i].content, shares[i].proof, shares[i].nonce);
    }

    /// @dev Loss if accepted: the seed, chosen by whoever forges the content of one commitment.
    function test_refusesAForgedContentAndAForgedProof() public {
        toCommitWindow();
        commit(0);
        rollTo(epochs.round().revealEnd);
        Share memory share = shares[0];
        address member = validator(0);
        bytes memory other = shares[1].content;
        vm.expectRevert();
        epochs.recover(member, share.element, other, share.proof, share.nonce);
        share.proof[200] ^= 0x01;
        vm.expectRevert(TimedCommitment.DelayProofInvalid.selector);
        epochs.recover(member, share.element, share.content, share.proof, share.nonce);
        share.proof[200] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(TimedCommitment.ChallengeNotPrime.selector, share.nonce + 1));
        epochs.recover(member, share.element, share.content, share.proof, share.nonce + 1);
        vm.expectRevert(abi.encodeWithSelector(TimedCommitment.ChallengeNotPrime.selector, uint256(1) << 16));
        epochs.recover(member, share.element, share.content, share.proof, 1 << 16);
        epochs.recover(member, share.element, share.content, share.proof, share.nonce);
    }

    /// @dev Loss if accepted: two contents for one commitment, x and N - x: one bit of influence for nothing.
    function test_refusesTheOtherRepresentative() public {
        toCommitWindow();
        commit(0);
        rollTo(epochs.round().revealEnd);
        Share memory share = shares[0];
        address member = validator(0);
        bytes memory negated = negate(share.content);
        vm.expectRevert(TimedCommitment.ElementInvalid.selector);
        epochs.recover(member, share.element, negated, share.proof, share.nonce);
        // The negated proof is as good as the proof, because -1 is 1 here; the content is the same.
        vm.expectRevert();
        epochs.recover(member, negate(share.element), share.content, share.proof, share.nonce);
    }

    function negate(bytes memory x) private pure returns (bytes memory y) {
        bytes memory modulus =
            hex"c7970ceedcc3b0754490201a7aa613cd73911081c790f5f1a8726f463550bb5b7ff0db8e1ea1189ec72f93d1650011bd721aeeacc2acde32a04107f0648c2813a31f5b0b7765ff8b44b4b6ffc93384b646eb09c7cf5e8592d40ea33c80039f35b4f14a04b51f7bfd781be4d1673164ba8eb991c2c4d730bbbe35f592bdef524af7e8daefd26c66fc02c479af89d64d373f442709439de66ceb955f3ea37d5159f6135809f85334b5cb1813addc80cd05609f10ac6a95ad65872c909525bdad32bc729592642920f24c61dc5b3c3b7923e56b16a4d9d373d8721f24a3fc0f1b3131f55615172866bccc30f95054c824e733a5eb6817f7bc16399d48c6361cc7e5";
        y = new bytes(256);
        uint256 borrow = 0;
        for (uint256 i = 256; i > 0; i--) {
            uint256 from = uint8(modulus[i - 1]);
            uint256 take = uint256(uint8(x[i - 1])) + borrow;
            borrow = from < take ? 1 : 0;
            y[i - 1] = bytes1(uint8(from + 256 * borrow - take));
        }
    }

    /// @dev Loss if accepted: 0 and 1 stay what they are however often they are squared: a share known to all in advance.
    function test_refusesElementsWithoutSecrets() public {
        toCommitWindow();
        vm.startPrank(validator(0));
        coin.approve(address(epochs), type(uint256).max);
        bytes memory element = new bytes(256);
        vm.expectRevert(TimedCommitment.ElementInvalid.selector);
        epochs.commit(element);
        element[255] = 0x01;
        vm.expectRevert(TimedCommitment.ElementInvalid.selector);
        epochs.commit(element);
        vm.expectRevert(TimedCommitment.ElementInvalid.selector);
        epochs.commit(new bytes(255));
        bytes memory large = negate(shares[0].element);
        vm.expectRevert(TimedCommitment.ElementInvalid.selector);
        epochs.commit(large);
    }

    function test_refusesAWrongSecretAndAStrangersElement() public {
        toCommitWindow();
        commit(0);
        commit(1);
        rollTo(epochs.round().commitEnd);
        address member = validator(0);
        vm.expectRevert(TimedCommitment.OpeningInvalid.selector);
        vm.prank(member);
        epochs.reveal(shares[0].element, shares[1].secret);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.CommitmentUnknown.selector, 2, member));
        vm.prank(member);
        epochs.reveal(shares[1].element, shares[1].secret);
        reveal(0);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.CommitmentUnknown.selector, 2, member));
        vm.prank(member);
        epochs.reveal(shares[0].element, shares[0].secret);
    }

    /// @dev Loss if accepted: two equal shares cancel in an XOR, so a copier would delete an honest share.
    function test_aCopiedCommitmentCancelsNothing() public {
        toCommitWindow();
        commit(0);
        address copier = validator(3);
        vm.startPrank(copier);
        coin.approve(address(epochs), type(uint256).max);
        epochs.commit(shares[0].element);
        vm.stopPrank();
        rollTo(epochs.round().commitEnd);
        reveal(0);
        vm.prank(copier);
        epochs.reveal(shares[0].element, shares[0].secret);
        vm.assertNotEq(epochs.round().mix, bytes32(0));
    }

    function test_takesCommitmentsOfValidatorsInTheWindowOnce() public {
        address member = validator(0);
        vm.prank(member);
        vm.expectPartialRevert(IEpochs.OutsideWindow.selector);
        epochs.commit(shares[0].element);
        toCommitWindow();
        vm.expectRevert(abi.encodeWithSelector(IEpochs.NotValidator.selector, address(this)));
        epochs.commit(shares[0].element);
        commit(0);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.AlreadyCommitted.selector, 2, member));
        vm.prank(member);
        epochs.commit(shares[1].element);
        rollTo(epochs.round().commitEnd);
        vm.prank(validator(1));
        vm.expectPartialRevert(IEpochs.OutsideWindow.selector);
        epochs.commit(shares[1].element);
    }

    function test_opensTheWindowAgainWhenNobodyCommitted() public {
        vm.expectPartialRevert(IEpochs.OutsideWindow.selector);
        epochs.restartBeacon();
        rollTo(epochs.round().commitEnd);
        epochs.restartBeacon();
        commit(0);
        rollTo(epochs.round().commitEnd);
        vm.expectPartialRevert(IEpochs.OutsideWindow.selector);
        epochs.restartBeacon();
    }

    function test_returnsDepositsOfARoundThatGovernanceCutShort() public {
        toCommitWindow();
        commit(0);
        uint256 held = coin.balanceOf(validator(0));
        epochs.proposeByGovernance(outcomeOf(2, setId));
        rollBy(256);
        epochs.activate();
        address member = validator(0);
        vm.prank(member);
        epochs.reclaimDeposit(2);
        vm.assertEq(coin.balanceOf(member), held + valueOf(Parameter.BeaconDeposit));
        vm.expectRevert(abi.encodeWithSelector(IEpochs.CommitmentUnknown.selector, 2, member));
        vm.prank(member);
        epochs.reclaimDeposit(2);
        vm.assertNotEq(epochs.seedOf(2), bytes32(0));
    }

    // Outcomes.

    function test_startsTheNextEpochAfterItsWindow() public {
        makeSeed();
        rollTo(epochs.epochOf(1).startBlock + valueOf(Parameter.EpochBlocks));
        IEpochs.Outcome memory outcome = outcomeOf(2, setId);
        epochs.propose(outcome, 0, signed(outcome));
        (, uint64 activeFrom) = epochs.pending();
        vm.assertEq(activeFrom, vm.getBlockNumber() + valueOf(Parameter.SlashWindowBlocks));
        vm.expectPartialRevert(IEpochs.OutsideWindow.selector);
        epochs.activate();
        rollTo(activeFrom);
        epochs.activate();
        (uint64 number, bytes32 running) = epochs.current();
        vm.assertEq(number, 2);
        vm.assertEq(running, setId);
        vm.assertEq(epochs.epochOf(2).seed, epochs.seedOf(2));
        vm.expectRevert(IEpochs.OutcomeMissing.selector);
        epochs.activate();
    }

    function test_refusesAnOutcomeTooSoonWithoutSeedOrOutOfOrder() public {
        IEpochs.Outcome memory outcome = outcomeOf(2, setId);
        bytes memory signature_ = signed(outcome);
        vm.expectPartialRevert(IEpochs.OutsideWindow.selector);
        epochs.propose(outcome, 0, signature_);
        rollBy(valueOf(Parameter.EpochBlocks));
        vm.expectRevert(abi.encodeWithSelector(IEpochs.SeedMissing.selector, 2));
        epochs.propose(outcome, 0, signature_);
        outcome.number = 1;
        signature_ = signed(outcome);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.EpochOutOfOrder.selector, 1, 2));
        epochs.propose(outcome, 0, signature_);
    }

    /// @dev Loss if accepted: the network, for whoever names the next validators.
    function test_refusesAnOutcomeThatTheQuorumDidNotSign() public {
        makeSeed();
        rollBy(valueOf(Parameter.EpochBlocks));
        IEpochs.Outcome memory outcome = outcomeOf(2, setId);
        bytes memory signature_ = signed(outcome);
        outcome.weightRoot = 0;
        vm.expectPartialRevert(IQuorum.QuorumSignatureInvalid.selector);
        epochs.propose(outcome, 0, signature_);
        expectNotGovernance(bob());
        vm.prank(bob());
        epochs.proposeByGovernance(outcome);
    }

    function bob() private returns (address) {
        return makeAddress("bob");
    }

    /// @dev Loss if accepted: a blocking third, or a quorum, for one identity.
    function test_refusesASetInWhichOneIdentityIsAboveTheCap() public {
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(12, 0, 10);
        // 22 of 132: a sixth, where a tenth is allowed and an even share is a twelfth.
        weights[1] = bytes1(uint8(22));
        bytes32 tilted = quorum.install(keys, weights);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.ShareAboveCap.selector, 22, 13));
        epochs.proposeByGovernance(outcomeOf(2, tilted));
    }

    function test_refusesASetInWhichOneIdentityIsAboveAnEvenShare() public {
        // With four seats an even share, 10 of 40, is above the cap, and is what is allowed.
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(4, 0, 10);
        epochs.proposeByGovernance(outcomeOf(2, quorum.install(keys, weights)));
        authority.grant(VERDICT, address(this));
        epochs.reject();
        (weights[1], weights[3]) = (bytes1(uint8(11)), bytes1(uint8(9)));
        bytes32 tilted = quorum.install(keys, weights);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.ShareAboveCap.selector, 11, 10));
        epochs.proposeByGovernance(outcomeOf(2, tilted));
    }

    /// @dev Loss if accepted: the same, by the same key on several seats.
    function test_refutesASetInWhichOneKeyHoldsSeveralSeats() public {
        bytes memory twice = BlsSigner.pack(BlsSigner.publicKey(BlsSigner.secretOf(0)));
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(10, 0, 10);
        bytes32 doubled = quorum.install(
            abi.encodePacked(keys, twice, twice), abi.encodePacked(weights, uint16(10), uint16(10))
        );
        epochs.proposeByGovernance(outcomeOf(2, doubled));
        uint256[] memory seats_ = new uint256[](3);
        (seats_[0], seats_[1], seats_[2]) = (0, 10, 11);
        uint256[] memory unfounded = new uint256[](2);
        (unfounded[0], unfounded[1]) = (0, 1);
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeShare(unfounded);
        (unfounded[0], unfounded[1]) = (10, 10);
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeShare(unfounded);
        epochs.challengeShare(seats_);
        vm.expectRevert(IEpochs.OutcomeMissing.selector);
        epochs.challengeShare(seats_);
    }

    /// @dev Loss if accepted: a seat for a key whose possession nobody proved, that is for a rogue key.
    function test_refutesASetWithAKeyThatNoValidatorRegistered() public {
        bytes32 foreign = installSet(2, 4, 10);
        epochs.proposeByGovernance(outcomeOf(2, foreign));
        // Seats 0 and 1 are validators 2 and 3; seat 2 is nobody.
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeSeat(0);
        epochs.challengeSeat(2);
        (, uint64 activeFrom) = epochs.pending();
        vm.assertEq(activeFrom, 0);
    }

    /// @dev Loss if refused: a seat for somebody with nothing to lose.
    function test_refutesASetWithAValidatorWhoseStakeIsGone() public {
        epochs.proposeByGovernance(outcomeOf(2, setId));
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeSeat(1);
        uint128 stake = uint128(valueOf(Parameter.MinValidatorStake));
        vm.prank(validator(1));
        providers.startExit(stake);
        epochs.challengeSeat(1);
        (, uint64 activeFrom) = epochs.pending();
        vm.assertEq(activeFrom, 0);
    }

    /// @dev Loss if accepted: the network stands still for as long as anybody cares to reject what is right.
    function test_refusesToRefuteShareUpToTheCap() public {
        // Validator 0 has seats 0 and 10 of weight 5 each: 10 of 100, exactly the tenth that is allowed.
        bytes memory again = BlsSigner.pack(BlsSigner.publicKey(BlsSigner.secretOf(0)));
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(10, 0, 10);
        weights[1] = bytes1(uint8(5));
        bytes32 even = quorum.install(abi.encodePacked(keys, again), abi.encodePacked(weights, uint16(5)));
        epochs.proposeByGovernance(outcomeOf(2, even));
        uint256[] memory seats_ = new uint256[](2);
        (seats_[0], seats_[1]) = (0, 10);
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeShare(seats_);
    }

    /// @dev Loss if accepted: the same.
    function test_refusesToRefuteADrawThatIsRight() public {
        (IEpochs.Outcome memory outcome, IEpochs.DrawLeaf[] memory entries, bytes32[] memory table) =
            drawnBy(0);
        epochs.proposeByGovernance(outcome);
        bytes32[] memory proof = Trees.proof(table, 1);
        bytes32[] memory proofOfFirst = Trees.proof(table, 0);
        // Seat 0 was drawn by entry 1, and is the validator of entry 1.
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeDraw(0, entries[1], 1, proof);
        // Entry 0 is another validator's, but ends where the draw falls.
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeDraw(0, entries[0], 0, proofOfFirst);
        // An entry that would hold the draw is not in the table.
        IEpochs.DrawLeaf memory forged = IEpochs.DrawLeaf(entries[0].keyHash, 0, 100);
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeDraw(0, forged, 0, proofOfFirst);
    }

    function test_refutesADrawThatFallsOnTheFirstPointOfAnEntry() public {
        (IEpochs.Outcome memory outcome, IEpochs.DrawLeaf[] memory entries, bytes32[] memory table) =
            drawnBy(2);
        epochs.proposeByGovernance(outcome);
        epochs.challengeDraw(0, entries[1], 1, Trees.proof(table, 1));
        (, uint64 activeFrom) = epochs.pending();
        vm.assertEq(activeFrom, 0);
    }

    function test_refusesToRefuteADrawWhereNobodyDrew() public {
        (IEpochs.Outcome memory outcome, IEpochs.DrawLeaf[] memory entries, bytes32[] memory table) =
            drawnBy(2);
        outcome.isSampled = false;
        epochs.proposeByGovernance(outcome);
        bytes32[] memory proof = Trees.proof(table, 1);
        vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
        epochs.challengeDraw(0, entries[1], 1, proof);
    }

    /// @dev A committee of four and a table of two entries: the draw for seat 0 falls on the first point of the second, which is
    /// `drawn`'s.
    function drawnBy(uint256 drawn)
        private
        returns (IEpochs.Outcome memory outcome, IEpochs.DrawLeaf[] memory entries, bytes32[] memory table)
    {
        parameters.set(Parameter.QuorumSize, 4);
        outcome = outcomeOf(2, installSet(0, 4, 1));
        makeSeed();
        uint64 point = uint64(epochs.drawOf(epochs.seedOf(2), 0, 100));
        vm.assertGt(point, 0, "the draw falls on 0: choose another seed");
        bytes32 first = keccak256(BlsSigner.publicKey(BlsSigner.secretOf(1)));
        bytes32 second = keccak256(BlsSigner.publicKey(BlsSigner.secretOf(drawn)));
        entries = new IEpochs.DrawLeaf[](2);
        entries[0] = IEpochs.DrawLeaf(first, 0, point);
        entries[1] = IEpochs.DrawLeaf(second, point, 100 - point);
        table = new bytes32[](2);
        table[0] = Trees.leaf(abi.encodePacked(first, uint64(0), point));
        table[1] = Trees.leaf(abi.encodePacked(second, point, 100 - point));
        (outcome.isSampled, outcome.drawRoot) = (true, Trees.root(table));
        (outcome.drawCount, outcome.drawWeight) = (2, 100);
    }

    function test_refutesASampledCommitteeWithASeatThatWasNotDrawn() public {
        parameters.set(Parameter.QuorumSize, 4);
        bytes32 sampled = installSet(0, 4, 1);
        IEpochs.Outcome memory outcome = outcomeOf(2, sampled);
        outcome.isSampled = true;
        // The table: four validators of weight 25 each.
        bytes32[] memory table = new bytes32[](4);
        IEpochs.DrawLeaf[] memory entries = new IEpochs.DrawLeaf[](4);
        for (uint256 i = 0; i < 4; i++) {
            bytes32 keyHash = keccak256(BlsSigner.publicKey(BlsSigner.secretOf(i)));
            entries[i] = IEpochs.DrawLeaf(keyHash, uint64(25 * i), 25);
            table[i] = Trees.leaf(abi.encodePacked(keyHash, uint64(25 * i), uint64(25)));
        }
        outcome.drawRoot = Trees.root(table);
        outcome.drawCount = 4;
        outcome.drawWeight = 100;
        makeSeed();
        epochs.proposeByGovernance(outcome);
        bytes32 seed = epochs.seedOf(2);
        bool isRefuted;
        for (uint256 seat = 0; seat < 4 && !isRefuted; seat++) {
            uint256 drawn = epochs.drawOf(seed, seat, 100) / 25;
            bytes32[] memory proof = Trees.proof(table, drawn);
            if (drawn == seat) {
                vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
                epochs.challengeDraw(seat, entries[drawn], drawn, proof);
                continue;
            }
            // Another entry than the one that was drawn proves nothing.
            uint256 wrong = (drawn + 1) % 4;
            bytes32[] memory wrongProof = Trees.proof(table, wrong);
            vm.expectRevert(IEpochs.ChallengeUnfounded.selector);
            epochs.challengeDraw(seat, entries[wrong], wrong, wrongProof);
            epochs.challengeDraw(seat, entries[drawn], drawn, proof);
            isRefuted = true;
        }
        vm.assertTrue(isRefuted, "the seed drew seat i for validator i four times: choose another");
    }

    function test_refusesACommitteeOfTheWrongSize() public {
        IEpochs.Outcome memory outcome = outcomeOf(2, setId);
        outcome.isSampled = true;
        vm.expectRevert(abi.encodeWithSelector(IEpochs.CommitteeMalformed.selector, 4, 40));
        epochs.proposeByGovernance(outcome);
    }

    function test_letsAVerdictModuleRejectAWaitingOutcome() public {
        epochs.proposeByGovernance(outcomeOf(2, setId));
        vm.expectPartialRevert(IEpochs.OutcomePending.selector);
        epochs.proposeByGovernance(outcomeOf(2, setId));
        expectMissingRole(VERDICT, address(this));
        epochs.reject();
        authority.grant(VERDICT, address(this));
        epochs.reject();
        vm.expectRevert(IEpochs.OutcomeMissing.selector);
        epochs.reject();
    }

    function test_provesWeightsOfAnEpoch() public {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(bob(), uint256(60)))));
        IEpochs.Outcome memory outcome = outcomeOf(2, setId);
        outcome.weightRoot = leaf;
        epochs.proposeByGovernance(outcome);
        rollBy(256);
        epochs.activate();
        bytes32[] memory none = new bytes32[](0);
        vm.assertTrue(epochs.isWeight(2, bob(), 60, none));
        vm.assertFalse(epochs.isWeight(2, bob(), 61, none));
        vm.assertFalse(epochs.isWeight(3, bob(), 60, none));
        vm.assertEq(epochs.totalWeight(2), 100);
        vm.assertEq(epochs.totalWeight(3), 0);
        vm.assertEq(epochs.currentEpoch(), 2);
    }

    function test_refusesToDeployWithAWrongDelayedGenerator() public {
        bytes memory wrong = shares[0].content;
        bytes memory proof = vm.parseJsonBytes(json, ".generator.proof");
        uint256 nonce = vm.parseJsonUint(json, ".generator.nonce");
        vm.expectRevert();
        this.deployWith(wrong, proof, nonce);
    }

    function deployWith(bytes calldata generator, bytes calldata proof, uint256 nonce) external view {
        TimedCommitment.checkDelayedGenerator(generator, 1000, proof, nonce);
    }
}
