// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { AdditionalRewards } from "../../src/AdditionalRewards.sol";
import { FounderGrant } from "../../src/FounderGrant.sol";
import { RaceCoin } from "../../src/RaceCoin.sol";
import { IAdditionalRewards } from "../../src/interfaces/IAdditionalRewards.sol";
import { IFounderGrant } from "../../src/interfaces/IFounderGrant.sol";
import { IRaceCoin } from "../../src/interfaces/IRaceCoin.sol";
import { ASSESSOR } from "../../src/types/Role.sol";
import { Protocol } from "../support/Protocol.sol";
import { Test } from "../support/Test.sol";

/// @notice Coin with the founders' and the additional allocation in real contracts.
abstract contract RewardsProtocol is Protocol {
    FounderGrant internal grantOfFounders;
    AdditionalRewards internal rewards;
    address internal founders;

    function deployRewards() internal {
        deployProtocol();
        founders = makeAddress("founders");
        grantOfFounders = new FounderGrant(coin, founders);
        rewards = new AdditionalRewards(authority, coin);
        IRaceCoin.Allocation[] memory allocations = new IRaceCoin.Allocation[](3);
        allocations[0] = IRaceCoin.Allocation(address(grantOfFounders), 160_000_000e18);
        allocations[1] = IRaceCoin.Allocation(address(rewards), 120_000_000e18);
        allocations[2] = IRaceCoin.Allocation(faucet, 720_000_000e18);
        coin.allocate(allocations);
    }
}

contract FounderGrantTest is RewardsProtocol {
    uint256 private start;

    function setUp() public {
        deployRewards();
        start = vm.getBlockTimestamp();
    }

    function test_nothing_inTheFirstYear() public {
        vm.warp(start + 365 days - 1);
        vm.assertEq(grantOfFounders.release(), 0);
        vm.assertEq(coin.totalSupply(), 0);
    }

    function test_aQuarter_afterTheFirstYear_andAllAfterFour() public {
        vm.warp(start + 365 days);
        vm.expectEmit(address(grantOfFounders));
        emit IFounderGrant.FoundersPaid(founders, 40_000_000e18);
        vm.assertEq(grantOfFounders.release(), 40_000_000e18);
        vm.assertEq(grantOfFounders.release(), 0);
        vm.warp(start + 100 * 365 days);
        grantOfFounders.release();
        vm.assertEq(coin.balanceOf(founders), 160_000_000e18);
        vm.assertEq(grantOfFounders.release(), 0);
    }

    function testFuzz_paidInAnySteps_isWhatHasVested(uint256 a, uint256 b) public {
        a = bound(a, 0, 5 * 365 days);
        b = bound(b, a, 6 * 365 days);
        vm.warp(start + a);
        grantOfFounders.release();
        vm.warp(start + b);
        grantOfFounders.release();
        vm.assertEq(coin.balanceOf(founders), grantOfFounders.vestedAt(start + b));
        vm.assertLe(coin.balanceOf(founders), 160_000_000e18);
    }

    function test_transferBeneficiary_byTheBeneficiaryOnly() public {
        address heir = makeAddress("heir");
        // Attack: redirect the grant. Loss: 160 million coins.
        vm.expectRevert(abi.encodeWithSelector(IFounderGrant.NotBeneficiary.selector, heir));
        vm.prank(heir);
        grantOfFounders.transferBeneficiary(heir);
        vm.startPrank(founders);
        vm.expectRevert(IFounderGrant.BeneficiaryZero.selector);
        grantOfFounders.transferBeneficiary(address(0));
        grantOfFounders.transferBeneficiary(heir);
        vm.assertEq(grantOfFounders.beneficiary(), heir);
    }

    function test_deploy_forNobody_reverts() public {
        RaceCoin fresh = new RaceCoin();
        vm.expectRevert(IFounderGrant.BeneficiaryZero.selector);
        new FounderGrant(fresh, address(0));
    }
}

contract AdditionalRewardsTest is RewardsProtocol {
    uint256 private constant SEAT = 10_000_000e18;
    uint256 private constant YEARS = 4 * 365 days;

    address private large;
    address private other;

    function setUp() public {
        deployRewards();
        authority.grant(ASSESSOR, address(this));
        large = makeAddress("large");
        other = makeAddress("other");
    }

    function test_attest_seatsAProviderAndPaysBySecond() public {
        rewards.attest(0, large, 1000);
        vm.assertEq(rewards.seatAt(0).holder, large);
        wait_(10 days);
        vm.assertEq(rewards.owedTo(large), SEAT * 10 days / YEARS);
        vm.expectEmit(address(rewards));
        emit IAdditionalRewards.AdditionalRewardPaid(large, SEAT * 10 days / YEARS);
        rewards.collect(large);
        vm.assertEq(coin.balanceOf(large), SEAT * 10 days / YEARS);
        vm.assertEq(rewards.collect(large), 0);
        vm.assertEq(rewards.collect(other), 0);
    }

    function test_attest_byAnotherThanTheAssessor_reverts() public {
        // Attack: attest oneself. Loss: ten million coins a seat over four years.
        expectMissingRole(ASSESSOR, large);
        vm.prank(large);
        rewards.attest(0, large, 5000);
    }

    function test_attest_refusesWhatIsNotEligible() public {
        vm.expectRevert(abi.encodeWithSelector(IAdditionalRewards.CapacityTooSmall.selector, 999, 1000));
        rewards.attest(0, large, 999);
        vm.expectRevert(abi.encodeWithSelector(IAdditionalRewards.SeatUnknown.selector, 12));
        rewards.attest(12, large, 1000);
        vm.expectRevert(abi.encodeWithSelector(IAdditionalRewards.SeatUnknown.selector, 12));
        rewards.seatAt(12);
        rewards.attest(0, large, 1000);
        uint256 until = vm.getBlockTimestamp() + 30 days;
        vm.expectRevert(abi.encodeWithSelector(IAdditionalRewards.SeatTaken.selector, 0, large, until));
        rewards.attest(0, other, 9000);
        vm.expectRevert(abi.encodeWithSelector(IAdditionalRewards.SeatHeldElsewhere.selector, large, 0));
        rewards.attest(1, large, 2000);
    }

    function test_lapsedHolder_earnsNothing_andIsReplaced() public {
        rewards.attest(0, large, 1000);
        wait_(100 days);
        vm.assertEq(rewards.owedTo(large), SEAT * 30 days / YEARS);
        vm.expectEmit(address(rewards));
        emit IAdditionalRewards.SeatLeft(0, large, 30 days);
        rewards.attest(0, other, 1500);
        wait_(5 days);
        vm.assertEq(rewards.owedTo(large), SEAT * 30 days / YEARS);
        vm.assertEq(rewards.owedTo(other), SEAT * 35 days / YEARS - SEAT * 30 days / YEARS);
        rewards.collect(large);
        vm.assertEq(coin.balanceOf(large), SEAT * 30 days / YEARS);
    }

    function test_aSeat_isFreeFromTheSecondInWhichItsAttestationEnds() public {
        rewards.attest(0, large, 1000);
        uint256 until = rewards.seatAt(0).attestedUntil;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IAdditionalRewards.SeatTaken.selector, 0, large, until));
        rewards.attest(0, other, 1000);
        vm.warp(until);
        rewards.attest(0, other, 1000);
        vm.assertEq(rewards.seatAt(0).holder, other);
    }

    function test_lapsedHolder_thatComesBack_isNotPaidForTheGap() public {
        rewards.attest(0, large, 1000);
        wait_(50 days);
        rewards.attest(0, large, 1000);
        wait_(10 days);
        vm.assertEq(rewards.owedTo(large), SEAT * 40 days / YEARS);
    }

    function test_leaveSeat_keepsWhatWasEarned() public {
        vm.expectRevert(abi.encodeWithSelector(IAdditionalRewards.NoSeat.selector, large));
        vm.prank(large);
        rewards.leaveSeat();
        rewards.attest(3, large, 1000);
        wait_(20 days);
        vm.prank(large);
        rewards.leaveSeat();
        vm.assertEq(rewards.owedTo(large), SEAT * 20 days / YEARS);
        rewards.attest(3, other, 1000);
        rewards.attest(4, large, 1000);
    }

    function test_fourAttestedYears_payTheSeatOnce() public {
        for (uint256 i = 0; i < 60; ++i) {
            rewards.attest(0, i % 2 == 0 ? large : other, 1000);
            wait_(31 days);
        }
        rewards.collect(large);
        rewards.collect(other);
        vm.assertEq(coin.totalSupply(), SEAT);
    }
}

/// @notice Providers that come, go, lapse and collect, in any order.
contract SeatActor is Test {
    AdditionalRewards private immutable rewards;

    constructor(AdditionalRewards rewards_) {
        rewards = rewards_;
    }

    function attest(uint256 seat, uint256 who) external {
        rewards.attest(seat % 3, address(uint160(100 + who % 4)), 1000);
    }

    function leaveSeat(uint256 who) external {
        vm.prank(address(uint160(100 + who % 4)));
        rewards.leaveSeat();
    }

    function collect(uint256 who) external {
        rewards.collect(address(uint160(100 + who % 4)));
    }

    function passTime(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + bound(seconds_, 1, 400 days));
    }
}

contract SeatInvariants is RewardsProtocol {
    function setUp() public {
        deployRewards();
        SeatActor actor = new SeatActor(rewards);
        authority.grant(ASSESSOR, address(actor));
        targetContract(address(actor));
    }

    /// @dev What was paid and is owed is what the seats' seconds are worth, and never above the allocation.
    function invariant_seats() public view {
        uint256 worth = 0;
        uint256 owed = 0;
        for (uint256 seat = 0; seat < 12; ++seat) {
            IAdditionalRewards.Seat memory held = rewards.seatAt(seat);
            vm.assertLe(held.paidSeconds, 4 * 365 days);
            worth += 10_000_000e18 * uint256(held.paidSeconds) / (4 * 365 days);
        }
        for (uint160 who = 100; who < 104; ++who) {
            owed += rewards.owedTo(address(who));
        }
        // Seconds since the last accrual are owed but not yet in the seats: thirty days a seat at most.
        vm.assertGe(coin.totalSupply() + owed, worth);
        vm.assertLe(
            coin.totalSupply() + owed, worth + 3 * (10_000_000e18 * uint256(30 days) / (4 * 365 days) + 1)
        );
        vm.assertLe(coin.totalSupply() + owed, 30_000_000e18);
    }
}
