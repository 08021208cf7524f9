// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Quorum } from "../../src/Quorum.sol";
import { IQuorum } from "../../src/interfaces/IQuorum.sol";
import { BLS } from "../../src/libraries/BLS.sol";
import { BlsSigner } from "../support/BlsSigner.sol";
import { Test } from "../support/Test.sol";

contract QuorumTest is Test {
    Quorum private quorum = new Quorum();
    bytes32 private hundred;
    bytes32 private constant DIGEST = keccak256("digest");

    function setUp() public {
        hundred = install(100);
    }

    function install(uint256 seats) private returns (bytes32 setId) {
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(seats, 0, 10);
        setId = quorum.install(keys, weights);
    }

    function test_acceptsEverySizeWithNobodyAbsent() public {
        uint256[6] memory sizes = [uint256(1), 2, 4, 86, 87, 173];
        for (uint256 i = 0; i < sizes.length; i++) {
            bytes32 setId = install(sizes[i]);
            bytes memory signature_ = BlsSigner.sign(BlsSigner.aggregateSecret(sizes[i], 0, 0), DIGEST);
            quorum.checkQuorum(setId, DIGEST, 0, signature_);
            (uint256 seats, uint256 total, uint256 largest) = quorum.describe(setId);
            vm.assertEq(seats, sizes[i]);
            vm.assertEq(total, 10 * sizes[i]);
            vm.assertEq(largest, 10);
        }
    }

    function testFuzz_acceptsAnyAbsenteesBelowAThirdAndNoOtherBitmap(uint256 bits) public {
        uint256 seats = 100;
        bytes32 setId = hundred;
        uint256 absentees;
        uint256 absent;
        // Thirty random seats of 100: 70 of 100 sign.
        for (uint256 i = 0; i < seats && absent < 30; i++) {
            if (uint256(keccak256(abi.encode(bits, i))) % 3 == 0) {
                absentees |= 1 << i;
                absent++;
            }
        }
        bytes memory signature_ = BlsSigner.sign(BlsSigner.aggregateSecret(seats, 0, absentees), DIGEST);
        quorum.checkQuorum(setId, DIGEST, absentees, signature_);
        // Loss if accepted: an absentee would be paid, or slashed, as a signer.
        uint256 wrong = absentees ^ (1 << bound(bits, 0, seats - 1));
        vm.expectRevert();
        quorum.checkQuorum(setId, DIGEST, wrong, signature_);
    }

    /// @dev Loss if accepted: with exactly two thirds, two quorums need share no honest validator, and two different batches of
    /// one number could both be signed.
    /// @dev Loss if accepted: a set whose name is taken and whose keys are missing, by an installer who paid too little gas. Its
    /// validators could never settle anything.
    function test_installsASetAsAWholeOrNotAtAll() public {
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(90, 0, 10);
        bytes memory signature_ = BlsSigner.sign(BlsSigner.aggregateSecret(90, 0, 1), DIGEST);
        uint256 before = gasleft();
        uint256 state = vm.snapshotState();
        quorum.install(keys, weights);
        uint256 needed = before - gasleft();
        vm.revertToState(state);
        uint256 refused;
        for (uint256 percent = 20; percent <= 140; percent++) {
            state = vm.snapshotState();
            try quorum.install{ gas: needed * percent / 100 }(keys, weights) returns (bytes32 setId) {
                // Seat 0 is absent: its key is read from where it was kept.
                quorum.checkQuorum(setId, DIGEST, 1, signature_);
                (bytes memory key,) = quorum.seat(setId, 89);
                vm.assertEq(key, BlsSigner.publicKey(BlsSigner.secretOf(89)));
            } catch {
                refused++;
            }
            vm.revertToState(state);
        }
        vm.assertGt(refused, 50);
        vm.assertLt(refused, 110);
    }

    function test_refusesAQuorumThatIsShortByOne() public {
        bytes32 setId = install(6);
        // Four of six seats are exactly two thirds.
        uint256 absentees = 0x30;
        bytes memory signature_ = BlsSigner.sign(BlsSigner.aggregateSecret(6, 0, absentees), DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.QuorumTooSmall.selector, 40, 60));
        quorum.checkQuorum(setId, DIGEST, absentees, signature_);
        absentees = 0x20;
        quorum.checkQuorum(
            setId, DIGEST, absentees, BlsSigner.sign(BlsSigner.aggregateSecret(6, 0, absentees), DIGEST)
        );
    }

    function test_countsWeightNotSeats() public {
        (bytes memory keys,) = BlsSigner.packedSet(3, 0, 1);
        bytes32 setId = quorum.install(keys, abi.encodePacked(uint16(200), uint16(50), uint16(50)));
        // One seat with exactly two thirds of the weight is not enough, with one more it is.
        bytes memory signature_ = BlsSigner.sign(BlsSigner.aggregateSecret(3, 0, 6), DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.QuorumTooSmall.selector, 200, 300));
        quorum.checkQuorum(setId, DIGEST, 6, signature_);
        quorum.checkQuorum(setId, DIGEST, 4, BlsSigner.sign(BlsSigner.aggregateSecret(3, 0, 4), DIGEST));
    }

    function test_refusesEverybodyAbsentAndSeatsThatDoNotExist() public {
        bytes32 setId = install(4);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.QuorumTooSmall.selector, 0, 40));
        quorum.checkQuorum(setId, DIGEST, 15, new bytes(128));
        vm.expectRevert(abi.encodeWithSelector(IQuorum.AbsenteeUnknown.selector, 16));
        quorum.checkQuorum(setId, DIGEST, 16, new bytes(128));
    }

    function test_refusesAnotherDigestAndAnotherSet() public {
        bytes32 setId = install(4);
        bytes memory signature_ = BlsSigner.sign(BlsSigner.aggregateSecret(4, 0, 0), DIGEST);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.QuorumSignatureInvalid.selector, setId, bytes32(0)));
        quorum.checkQuorum(setId, 0, 0, signature_);
        bytes32 other = install(5);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.QuorumSignatureInvalid.selector, other, DIGEST));
        quorum.checkQuorum(other, DIGEST, 0, signature_);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.SetUnknown.selector, bytes32("none")));
        quorum.checkQuorum("none", DIGEST, 0, signature_);
    }

    function test_readsBackEverySeatAsItWasRegistered() public {
        bytes32 setId = install(90);
        uint256[4] memory seats = [uint256(0), 85, 86, 89];
        for (uint256 i = 0; i < seats.length; i++) {
            (bytes memory key, uint256 weight) = quorum.seat(setId, seats[i]);
            vm.assertEq(key, BlsSigner.publicKey(BlsSigner.secretOf(seats[i])));
            vm.assertEq(weight, 10);
        }
        vm.expectRevert(abi.encodeWithSelector(IQuorum.AbsenteeUnknown.selector, 90));
        quorum.seat(setId, 90);
    }

    function test_installsASetOnce() public {
        bytes32 setId = install(4);
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(4, 0, 10);
        vm.recordLogs();
        vm.assertEq(quorum.install(keys, weights), setId);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_countsAMemberOfTwoSeatsTwice() public {
        (bytes memory keys,) = BlsSigner.packedSet(2, 0, 1);
        bytes memory twice =
            abi.encodePacked(keys, BlsSigner.pack(BlsSigner.publicKey(BlsSigner.secretOf(0))));
        bytes32 setId = quorum.install(twice, abi.encodePacked(uint16(1), uint16(1), uint16(1)));
        uint256 secret = addmod(BlsSigner.aggregateSecret(2, 0, 0), BlsSigner.secretOf(0), BlsSigner.R);
        quorum.checkQuorum(setId, DIGEST, 0, BlsSigner.sign(secret, DIGEST));
    }

    function test_refusesMalformedSets() public {
        (bytes memory keys, bytes memory weights) = BlsSigner.packedSet(2, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IQuorum.SetMalformed.selector, 0, 0));
        quorum.install("", "");
        vm.expectRevert(abi.encodeWithSelector(IQuorum.SetMalformed.selector, 384, 2));
        quorum.install(keys, abi.encodePacked(uint16(1)));
        vm.expectRevert(abi.encodeWithSelector(IQuorum.SeatEmpty.selector, 1));
        quorum.install(keys, abi.encodePacked(uint16(1), uint16(0)));
        vm.expectRevert(abi.encodeWithSelector(IQuorum.SeatEmpty.selector, 0));
        quorum.install(new bytes(192), abi.encodePacked(uint16(1)));
        keys[0] ^= 0x01;
        vm.expectRevert(BLS.NotOnCurve.selector);
        quorum.install(keys, weights);
        (keys, weights) = (new bytes(192 * 257), new bytes(2 * 257));
        vm.expectRevert(abi.encodeWithSelector(IQuorum.SetMalformed.selector, 192 * 257, 2 * 257));
        quorum.install(keys, weights);
    }
}
