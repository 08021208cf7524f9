// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IParameters } from "../../src/interfaces/IParameters.sol";
import { ParameterBounds } from "../../src/libraries/ParameterBounds.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { GUARDIAN, SLASHER } from "../../src/types/Role.sol";
import { Switch } from "../../src/types/Switch.sol";
import { Protocol } from "../support/Protocol.sol";
import { Test } from "../support/Test.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

contract AuthorityTest is Protocol {
    address private stranger;

    function setUp() public {
        deployProtocol();
        stranger = makeAddress("stranger");
    }

    // ---- roles

    function test_grantAndRevoke_byGovernance() public {
        vm.expectEmit(address(authority));
        emit IAuthority.RoleGranted(SLASHER, stranger);
        authority.grant(SLASHER, stranger);
        vm.assertTrue(authority.hasRole(SLASHER, stranger));
        authority.checkRole(SLASHER, stranger);
        vm.expectEmit(address(authority));
        emit IAuthority.RoleRevoked(SLASHER, stranger);
        authority.revoke(SLASHER, stranger);
        expectMissingRole(SLASHER, stranger);
        authority.checkRole(SLASHER, stranger);
    }

    function test_grant_byAStranger_reverts() public {
        // Attack: make oneself a slasher. Loss: every validator's stake.
        expectNotGovernance(stranger);
        vm.prank(stranger);
        authority.grant(SLASHER, stranger);
        expectNotGovernance(stranger);
        vm.prank(stranger);
        authority.revoke(GUARDIAN, guardian);
    }

    function test_governance_cannotBeRenounced() public {
        vm.expectRevert(IAuthority.GovernanceNotRenounceable.selector);
        authority.renounceOwnership();
    }

    function test_governance_movesByItsOwnDecisionOnly() public {
        // Attack: take governance over. Loss: everything that governance holds.
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        vm.prank(stranger);
        authority.transferOwnership(stranger);
        authority.transferOwnership(stranger);
        vm.assertEq(authority.governance(), stranger);
        expectNotGovernance(address(this));
        authority.grant(GUARDIAN, address(this));
    }

    // ---- pauses

    function test_pause_expiresByItself() public {
        uint256 until = block.timestamp + 14 days;
        vm.expectEmit(address(authority));
        emit IAuthority.SwitchPaused(Switch.Settlement, until, guardian);
        vm.prank(guardian);
        authority.pause(Switch.Settlement);
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IAuthority.Paused.selector, Switch.Settlement, until));
        authority.checkRunning(Switch.Settlement);
        authority.checkRunning(Switch.Issuance);
        vm.warp(until);
        authority.checkRunning(Switch.Settlement);
    }

    function test_pause_byAnotherThanTheGuardian_reverts() public {
        expectMissingRole(GUARDIAN, stranger);
        vm.prank(stranger);
        authority.pause(Switch.Settlement);
    }

    function test_pause_again_waitsForTheCoolDown() public {
        // Attack: a guardian that pauses for ever. Loss: the use of everything behind the switch.
        vm.prank(guardian);
        authority.pause(Switch.LiquidityPool);
        uint256 from = vm.getBlockTimestamp() + 28 days;
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(i == 0 ? from - 14 days : from - 1);
            vm.expectRevert(
                abi.encodeWithSelector(IAuthority.PauseCoolingDown.selector, Switch.LiquidityPool, from)
            );
            vm.prank(guardian);
            authority.pause(Switch.LiquidityPool);
        }
        vm.warp(from);
        vm.prank(guardian);
        authority.pause(Switch.LiquidityPool);
    }

    function test_resume_byGuardianOrGovernance() public {
        vm.prank(guardian);
        authority.pause(Switch.Issuance);
        expectMissingRole(GUARDIAN, stranger);
        vm.prank(stranger);
        authority.resume(Switch.Issuance);
        vm.expectEmit(address(authority));
        emit IAuthority.SwitchResumed(Switch.Issuance);
        authority.resume(Switch.Issuance);
        authority.checkRunning(Switch.Issuance);
        // A resume that governance forced is not undone in the next block.
        vm.expectPartialRevert(IAuthority.PauseCoolingDown.selector);
        vm.prank(guardian);
        authority.pause(Switch.Issuance);
        // Resuming what runs changes nothing.
        uint256 until = authority.pausedUntil(Switch.Issuance);
        wait_(1);
        vm.prank(guardian);
        authority.resume(Switch.Issuance);
        vm.assertEq(authority.pausedUntil(Switch.Issuance), until);
    }

    // ---- parameters

    function test_parameters_beginInsideTheirBounds() public view {
        for (uint8 i = 0; i <= uint8(type(Parameter).max); ++i) {
            Parameter parameter = Parameter(i);
            ParameterBounds.Bounds memory bounds = ParameterBounds.boundsOf(parameter);
            vm.assertLe(bounds.min, bounds.initial, vm.toString(uint256(i)));
            vm.assertLe(bounds.initial, bounds.max, vm.toString(uint256(i)));
            vm.assertLt(bounds.min, bounds.max, "a parameter that cannot move is a constant");
            vm.assertEq(parameters.valueOf(parameter), bounds.initial);
        }
    }

    function testFuzz_parameters_acceptWhatIsInsideAndNothingElse(uint256 index, uint256 value) public {
        Parameter parameter = Parameter(bound(index, 0, uint256(type(Parameter).max)));
        (uint256 min, uint256 max) = parameters.boundsOf(parameter);
        vm.warp(block.timestamp + 5 * 365 days);
        uint256 before = valueOf(parameter);
        if (value % 2 == 0) value = bound(value, min, max);
        if (value >= min && value <= max) {
            vm.expectEmit(address(parameters));
            emit IParameters.ParameterSet(parameter, before, value);
            parameters.set(parameter, value);
            vm.assertEq(valueOf(parameter), value);
        } else {
            vm.expectRevert(
                abi.encodeWithSelector(IParameters.ParameterOutOfBounds.selector, parameter, value, min, max)
            );
            parameters.set(parameter, value);
            vm.assertEq(valueOf(parameter), before);
        }
    }

    function test_parameters_atTheEdges() public {
        vm.warp(block.timestamp + 5 * 365 days);
        for (uint8 i = 0; i <= uint8(type(Parameter).max); ++i) {
            Parameter parameter = Parameter(i);
            (uint256 min, uint256 max) = parameters.boundsOf(parameter);
            parameters.set(parameter, min);
            parameters.set(parameter, max);
            vm.expectPartialRevert(IParameters.ParameterOutOfBounds.selector);
            parameters.set(parameter, max + 1);
            if (min == 0) continue;
            vm.expectPartialRevert(IParameters.ParameterOutOfBounds.selector);
            parameters.set(parameter, min - 1);
        }
    }

    function test_parameters_byAStranger_reverts() public {
        expectNotGovernance(stranger);
        vm.prank(stranger);
        parameters.set(Parameter.QuorumSize, 64);
    }

    function test_trainingShare_isLockedForFiveYears() public {
        uint256 until = parameters.lockedUntil(Parameter.TrainingShareBps);
        vm.assertEq(until, block.timestamp + 5 * 365 days);
        vm.assertEq(parameters.lockedUntil(Parameter.QuorumSize), 0);
        vm.warp(until - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IParameters.ParameterLocked.selector, Parameter.TrainingShareBps, until)
        );
        parameters.set(Parameter.TrainingShareBps, 1000);
        vm.warp(until);
        parameters.set(Parameter.TrainingShareBps, 1000);
    }
}

/// @notice Governance that tries any value for any parameter, and a guardian that pauses whatever it can.
contract GovernanceActor is Test {
    IParameters private immutable parameters;
    IAuthority private immutable authority;
    address private immutable governance;
    address private immutable guardian;

    mapping(Switch which => uint256 from) public lastPaused;
    bool public isPausedTooOften;

    constructor(IParameters parameters_, IAuthority authority_, address governance_, address guardian_) {
        parameters = parameters_;
        authority = authority_;
        governance = governance_;
        guardian = guardian_;
    }

    function set(uint8 index, uint256 value, uint256 near) external {
        Parameter parameter = Parameter(bound(index, 0, uint256(type(Parameter).max)));
        (uint256 min, uint256 max) = parameters.boundsOf(parameter);
        if (near % 3 == 0) value = bound(value, min, max);
        if (near % 3 == 1) value = bound(value, 0, max * 2);
        vm.prank(governance);
        parameters.set(parameter, value);
    }

    function pause(uint8 index) external {
        Switch which = Switch(bound(index, 0, uint256(type(Switch).max)));
        vm.prank(guardian);
        authority.pause(which);
        uint256 time = vm.getBlockTimestamp();
        if (lastPaused[which] != 0 && time - lastPaused[which] < 14 days) isPausedTooOften = true;
        lastPaused[which] = time;
    }

    function resume(uint8 index) external {
        vm.prank(guardian);
        authority.resume(Switch(bound(index, 0, uint256(type(Switch).max))));
    }

    function passTime(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + bound(seconds_, 1, 20 days));
    }
}

contract GovernanceInvariants is Protocol {
    GovernanceActor private actor;

    function setUp() public {
        deployProtocol();
        actor = new GovernanceActor(parameters, authority, address(this), guardian);
        targetContract(address(actor));
    }

    function invariant_boundsAndPauses() public view {
        for (uint8 i = 0; i <= uint8(type(Parameter).max); ++i) {
            ParameterBounds.Bounds memory bounds = ParameterBounds.boundsOf(Parameter(i));
            uint256 value = valueOf(Parameter(i));
            if (value < bounds.min || value > bounds.max) revert("a parameter left its bounds");
        }
        uint256 latest = vm.getBlockTimestamp() + 14 days;
        for (uint8 i = 0; i <= uint8(type(Switch).max); ++i) {
            if (authority.pausedUntil(Switch(i)) > latest) revert("a pause is longer than fourteen days");
        }
        vm.assertFalse(actor.isPausedTooOften());
    }
}
