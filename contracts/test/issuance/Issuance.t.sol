// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IIssuance } from "../../src/interfaces/IIssuance.sol";
import { IssuanceSchedule } from "../../src/libraries/IssuanceSchedule.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { SETTLEMENT } from "../../src/types/Role.sol";
import { Switch } from "../../src/types/Switch.sol";
import { Protocol } from "../support/Protocol.sol";

contract IssuanceTest is Protocol {
    uint256 private constant BATCH = 50_000_000e18;
    uint256 private constant UNLIMITED = 1 << 200;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        authority.grant(SETTLEMENT, address(this));
    }

    // ---- the paper's table, row by row: fees and totals in whole coins

    function test_row01() public pure {
        _row(1, 9000, 5_555_556, 55_555_556);
    }

    function test_row02() public pure {
        _row(2, 7200, 19_444_444, 69_444_444);
    }

    function test_row03() public pure {
        _row(3, 5760, 36_805_556, 86_805_556);
    }

    function test_row04() public pure {
        _row(4, 4608, 58_506_944, 108_506_944);
    }

    function test_row05() public pure {
        _row(5, 3686, 85_633_681, 135_633_681);
    }

    function test_row06() public pure {
        _row(6, 2949, 119_542_101, 169_542_101);
    }

    function test_row07() public pure {
        _row(7, 2359, 161_927_626, 211_927_626);
    }

    function test_row08() public pure {
        _row(8, 1887, 214_909_532, 264_909_532);
    }

    function test_row09() public pure {
        _row(9, 1510, 281_136_915, 331_136_915);
    }

    function test_row10() public pure {
        _row(10, 1208, 363_921_144, 413_921_144);
    }

    function test_row11() public pure {
        _row(11, 966, 467_401_430, 517_401_430);
    }

    function test_row12() public pure {
        _row(12, 773, 596_751_788, 646_751_788);
    }

    function test_afterTheLastRow_nothingIsReleased() public pure {
        (, uint256 subsidy, uint256 minimum) =
            IssuanceSchedule.release(_stateAt(12 * BATCH), 1e30, 400, UNLIMITED);
        vm.assertEq(subsidy, 0);
        vm.assertEq(minimum, 0);
    }

    /// @dev Between the rows: the subsidy lies on the line that the batch's rate draws.
    function testFuzz_betweenRows(uint256 index, uint256 fees) public pure {
        index = bound(index, 0, 11);
        (uint256 granted, uint256 paid) = IssuanceSchedule.rateOf(index);
        fees = bound(fees, 0, (BATCH * paid + granted - 1) / granted - 1);
        (, uint256 subsidy,) = IssuanceSchedule.release(_stateAt(index * BATCH), fees, 0, UNLIMITED);
        vm.assertEq(subsidy, fees * granted / paid);
    }

    /// @dev Attack: pay in dust to collect roundings. Loss without the remainder: up to a wei per wei of fees in the
    /// provider's favour or against it; with it, none.
    function testFuzz_splittingAFeeChangesNothing(uint256 issued, uint256 first, uint256 second) public pure {
        issued = bound(issued, 0, 12 * BATCH);
        first = bound(first, 0, 700_000_000e18);
        second = bound(second, 0, 700_000_000e18);
        (IIssuance.State memory part, uint256 a,) =
            IssuanceSchedule.release(_stateAt(issued), first, 0, UNLIMITED);
        uint256 b;
        (part, b,) = IssuanceSchedule.release(part, second, 0, UNLIMITED);
        (IIssuance.State memory whole, uint256 ab,) =
            IssuanceSchedule.release(_stateAt(issued), first + second, 0, UNLIMITED);
        vm.assertEq(a + b, ab);
        vm.assertEq(part.remainder, whole.remainder);
        vm.assertEq(part.issued, whole.issued);
    }

    // ---- the TypeScript model

    function test_equalsTheTypeScriptModelToTheWei() public view {
        string memory json = vm.readFile("shared/money/vectors/issuance.json");
        uint256[] memory days_ = vm.parseJsonUintArray(json, ".day");
        uint256[] memory fees = vm.parseJsonUintArray(json, ".fees");
        uint256[] memory caps = vm.parseJsonUintArray(json, ".dailyCap");
        uint256[] memory subsidies = vm.parseJsonUintArray(json, ".subsidy");
        uint256[] memory minimums = vm.parseJsonUintArray(json, ".minimum");
        uint256[] memory issued = vm.parseJsonUintArray(json, ".issued");
        uint256[] memory remainders = vm.parseJsonUintArray(json, ".remainder");
        uint256[] memory today = vm.parseJsonUintArray(json, ".issuedToday");
        vm.assertGt(days_.length, 1000);
        vm.assertGt(issued[issued.length - 1], 11 * BATCH, "the walk must reach the last batch");
        IIssuance.State memory state;
        for (uint256 i = 0; i < days_.length; ++i) {
            uint256 subsidy;
            uint256 minimum;
            (state, subsidy, minimum) = IssuanceSchedule.release(state, fees[i], days_[i], caps[i]);
            string memory step = string.concat("step ", vm.toString(i));
            vm.assertEq(subsidy, subsidies[i], step);
            vm.assertEq(minimum, minimums[i], step);
            vm.assertEq(state.issued, issued[i], step);
            vm.assertEq(state.remainder, remainders[i], step);
            vm.assertEq(state.issuedToday, today[i], step);
        }
    }

    // ---- the contract

    function test_release_mintsToTheCaller_andAFifthOfTheRevenueToTraining() public {
        vm.expectEmit(address(issuance));
        emit IIssuance.Released(0, 100 * COIN, 900 * COIN, 0, 200 * COIN, 700 * COIN);
        uint256 reward = issuance.release(100 * COIN);
        vm.assertEq(reward, 700 * COIN);
        vm.assertEq(coin.balanceOf(address(this)), 700 * COIN);
        vm.assertEq(coin.balanceOf(address(trainingFund)), 200 * COIN);
    }

    function test_release_withoutTheRole_reverts() public {
        address stranger = makeAddress("stranger");
        // Attack: release against fees that nobody paid. Loss: 600 million coins.
        expectMissingRole(SETTLEMENT, stranger);
        vm.prank(stranger);
        issuance.release(1e27);
    }

    function test_release_whilePaused_reverts() public {
        vm.prank(guardian);
        authority.pause(Switch.Issuance);
        vm.expectRevert(
            abi.encodeWithSelector(IAuthority.Paused.selector, Switch.Issuance, block.timestamp + 14 days)
        );
        issuance.release(1);
        wait_(14 days);
        issuance.release(1);
    }

    function test_quote_isWhatReleaseMints() public {
        issuance.release(3);
        wait_(2 days);
        (uint256 reward, uint256 training) = issuance.quote(12_345);
        uint256 before = coin.balanceOf(address(trainingFund));
        vm.assertEq(issuance.release(12_345), reward);
        vm.assertEq(coin.balanceOf(address(trainingFund)) - before, training);
        vm.assertGt(reward, 100_000 * COIN, "the minimum of the first day is in it");
    }

    function test_minimum_isThatOfThePaper() public pure {
        vm.assertEq(_whole(IssuanceSchedule.minimumOf(0)), 136_986);
        vm.assertEq(_whole(IssuanceSchedule.minimumOf(364)), 136_986);
        vm.assertEq(_whole(IssuanceSchedule.minimumOf(365)), 68_493);
        vm.assertEq(_whole(IssuanceSchedule.minimumOf(730)), 34_247);
        vm.assertEq(IssuanceSchedule.minimumOf(type(uint64).max), 0);
    }

    function test_minimum_completesADayWithWorkOnce() public {
        issuance.release(COIN);
        wait_(5 days);
        issuance.release(0);
        uint256 firstDay = IssuanceSchedule.minimumOf(0);
        vm.assertEq(coin.totalSupply(), firstDay);
        // The days in between had no work: nobody to pay, nothing to mint.
        issuance.release(0);
        vm.assertEq(coin.totalSupply(), firstDay);
        wait_(1 days);
        issuance.release(0);
        vm.assertEq(coin.totalSupply(), 2 * firstDay);
    }

    function test_minimum_acrossABatch_dropsTheRemainderOfTheOldRate() public pure {
        IIssuance.State memory state = _stateAt(BATCH - 1);
        state.remainder = 5;
        (IIssuance.State memory next,, uint256 minimum) = IssuanceSchedule.release(state, 0, 1, UNLIMITED);
        vm.assertEq(minimum, IssuanceSchedule.minimumOf(0));
        vm.assertEq(next.issued, BATCH - 1 + minimum);
        vm.assertEq(next.remainder, 0);
        // Within a batch it is kept.
        state = _stateAt(1);
        state.remainder = 5;
        (next,,) = IssuanceSchedule.release(state, 0, 1, UNLIMITED);
        vm.assertEq(next.remainder, 5);
    }

    function test_dailyCap_bindsADayAndNotTheNext() public {
        // Attack: a captured quorum pays itself fees in a circle. Loss without the cap: all 600 million in a day.
        uint256 dailyCap = valueOf(Parameter.IssuanceDailyCap);
        issuance.release(600_000_000e18);
        issuance.release(600_000_000e18);
        vm.assertEq(issuance.state().issued, dailyCap);
        wait_(1 days);
        issuance.release(600_000_000e18);
        vm.assertEq(issuance.state().issued, 2 * dailyCap);
    }

    function test_split_givesTheFundAllNewCoinsWhenAFifthIsMore() public pure {
        (uint256 reward, uint256 training) = IssuanceSchedule.split(10, 100, 2000);
        vm.assertEq(reward, 0);
        vm.assertEq(training, 10);
        (reward, training) = IssuanceSchedule.split(101, 3, 2000);
        vm.assertEq(reward, 81);
        vm.assertEq(training, 20);
    }

    /// @dev Down to the seventh row new coins cover a fifth of the revenue; in the eighth they do not.
    function test_split_coversAFifthDownToTheSeventhRow() public pure {
        for (uint256 index = 0; index < 12; ++index) {
            (uint256 granted, uint256 paid) = IssuanceSchedule.rateOf(index);
            (uint256 reward,) = IssuanceSchedule.split(granted, paid, 2000);
            vm.assertEq(reward > 0, index < 7);
        }
    }

    function testFuzz_split_losesNothing(uint256 fees, uint256 shareBps) public {
        (uint256 min, uint256 max) = parameters.boundsOf(Parameter.TrainingShareBps);
        shareBps = bound(shareBps, min, max);
        vm.warp(parameters.lockedUntil(Parameter.TrainingShareBps));
        parameters.set(Parameter.TrainingShareBps, shareBps);
        issuance.release(bound(fees, 0, 1e27));
        vm.assertEq(
            coin.balanceOf(address(this)) + coin.balanceOf(address(trainingFund)), issuance.state().issued
        );
    }

    function _row(uint256 row, uint256 subsidyBps, uint256 feesInCoins, uint256 totalInCoins) private pure {
        (uint256 granted, uint256 paid) = IssuanceSchedule.rateOf(row - 1);
        vm.assertEq((granted * 20_000 + granted + paid) / (2 * (granted + paid)), subsidyBps);
        uint256 fees = (BATCH * paid + granted - 1) / granted;
        IIssuance.State memory state = _stateAt((row - 1) * BATCH);
        (IIssuance.State memory next, uint256 most,) = IssuanceSchedule.release(state, fees - 1, 0, UNLIMITED);
        vm.assertLt(most, BATCH);
        (, uint256 last,) = IssuanceSchedule.release(next, 1, 0, UNLIMITED);
        vm.assertEq(most + last, BATCH);
        vm.assertEq(_whole(fees), feesInCoins);
        vm.assertEq(_whole(fees + BATCH), totalInCoins);
    }

    function _stateAt(uint256 issued) private pure returns (IIssuance.State memory state) {
        // SAFETY: at most 600 million coins, far below 2^128.
        // forge-lint: disable-next-line(unsafe-typecast)
        state.issued = uint128(issued);
        state.worked = true;
    }

    function _whole(uint256 amount) private pure returns (uint256) {
        return (amount + COIN / 2) / COIN;
    }
}
