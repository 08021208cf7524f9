// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Fund } from "../../src/Fund.sol";
import { Parameters } from "../../src/Parameters.sol";
import { RaceGovernor } from "../../src/RaceGovernor.sol";
import { RaceTimelock } from "../../src/RaceTimelock.sol";
import { IFund } from "../../src/interfaces/IFund.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { SLASHER } from "../../src/types/Role.sol";
import { Switch } from "../../src/types/Switch.sol";
import { Protocol } from "../support/Protocol.sol";
import { IGovernor } from "@openzeppelin/contracts/governance/IGovernor.sol";
import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

contract GovernorTest is Protocol {
    RaceTimelock private timelock;
    RaceGovernor private governor;
    address private holder;
    address private whale;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        timelock = new RaceTimelock(new address[](0), new address[](0), address(this));
        governor = new RaceGovernor(coin, timelock, parameters);
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(governor));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(governor));
        timelock.grantRole(timelock.EXECUTOR_ROLE(), address(0));
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), address(this));
        authority.transferOwnership(address(timelock));

        holder = makeAddress("holder");
        whale = makeAddress("whale");
        give(holder, 20_000_000e18);
        vm.prank(holder);
        coin.delegate(holder);
        wait_(1);
    }

    function test_decision_takesEffectAfterDelayVoteAndSevenDays() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _setQuorumSize(128);
        uint256 id = _propose(targets, values, calls);
        wait_(valueOf(Parameter.VotingDelay) + 1);
        vm.prank(holder);
        governor.castVote(id, 1);
        wait_(valueOf(Parameter.VotingPeriod));
        governor.queue(targets, values, calls, keccak256("why"));
        uint256 eta = governor.proposalEta(id);
        vm.assertEq(eta, vm.getBlockTimestamp() + 7 days);
        vm.warp(eta - 1);
        vm.expectPartialRevert(TimelockController.TimelockUnexpectedOperationState.selector);
        governor.execute(targets, values, calls, keccak256("why"));
        vm.warp(eta);
        governor.execute(targets, values, calls, keccak256("why"));
        vm.assertEq(valueOf(Parameter.QuorumSize), 128);
    }

    function test_decision_outsideTheBounds_cannotBeExecuted() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _setQuorumSize(3);
        _pass(targets, values, calls);
        vm.expectRevert();
        governor.execute(targets, values, calls, keccak256("why"));
        vm.assertEq(valueOf(Parameter.QuorumSize), 256);
    }

    function test_settings_areParameters() public view {
        vm.assertEq(governor.votingDelay(), 1 days);
        vm.assertEq(governor.votingPeriod(), 5 days);
        vm.assertEq(governor.proposalThreshold(), 10_000 * COIN);
    }

    function test_propose_belowTheThreshold_reverts() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _setQuorumSize(128);
        vm.expectPartialRevert(IGovernor.GovernorInsufficientProposerVotes.selector);
        vm.prank(whale);
        governor.propose(targets, values, calls, "why");
    }

    function test_vote_byFlashLoan_countsForNothing() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _setQuorumSize(128);
        uint256 id = _propose(targets, values, calls);
        // Attack: borrow 200 million coins once voting is open, delegate, vote, give back in one block.
        // Loss: any decision of governance, the treasury and the training fund with it.
        wait_(valueOf(Parameter.VotingDelay) + 1);
        give(whale, 200_000_000e18);
        vm.startPrank(whale);
        coin.delegate(whale);
        governor.castVote(id, 0);
        vm.stopPrank();
        (uint256 against,,) = governor.proposalVotes(id);
        vm.assertEq(against, 0);
    }

    function test_vote_withCoinsThatMovedAfterwards_countsOnce() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _setQuorumSize(128);
        uint256 id = _propose(targets, values, calls);
        wait_(valueOf(Parameter.VotingDelay) + 1);
        vm.prank(holder);
        governor.castVote(id, 1);
        // Attack: pass the same coins on and vote again. Loss: a quorum out of one purse.
        vm.prank(holder);
        coin.transfer(whale, 20_000_000e18);
        vm.startPrank(whale);
        coin.delegate(whale);
        governor.castVote(id, 1);
        vm.stopPrank();
        (, uint256 inFavour,) = governor.proposalVotes(id);
        vm.assertEq(inFavour, 20_000_000e18);
        vm.expectPartialRevert(IGovernor.GovernorAlreadyCastVote.selector);
        vm.prank(holder);
        governor.castVote(id, 1);
    }

    function test_quorum_hasAFloor() public {
        // Attack: buy most of the few coins of the first days. Loss without the floor: governance for a few thousand.
        vm.assertEq(governor.quorum(vm.getBlockTimestamp() - 1), 10_000_000e18);
        give(whale, 260_000_000e18);
        vm.prank(address(issuance));
        coin.mint(whale, 520_000_000e18);
        wait_(1);
        vm.assertEq(governor.quorum(vm.getBlockTimestamp() - 1), 32_000_000e18);
    }

    function test_quorum_missed_defeats() public {
        vm.prank(holder);
        coin.transfer(whale, 10_000_001e18);
        wait_(1);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _setQuorumSize(128);
        uint256 id = _propose(targets, values, calls);
        wait_(valueOf(Parameter.VotingDelay) + 1);
        vm.prank(holder);
        governor.castVote(id, 1);
        wait_(valueOf(Parameter.VotingPeriod));
        vm.assertEq(uint256(governor.state(id)), uint256(IGovernor.ProposalState.Defeated));
        vm.expectPartialRevert(IGovernor.GovernorUnexpectedProposalState.selector);
        governor.queue(targets, values, calls, keccak256("why"));
    }

    function test_proposal_isCancelledByItsProposerOnly() public {
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) = _setQuorumSize(128);
        uint256 id = _propose(targets, values, calls);
        vm.expectRevert();
        vm.prank(whale);
        governor.cancel(targets, values, calls, keccak256("why"));
        vm.prank(holder);
        governor.cancel(targets, values, calls, keccak256("why"));
        vm.assertEq(uint256(governor.state(id)), uint256(IGovernor.ProposalState.Canceled));
        vm.assertTrue(governor.proposalNeedsQueuing(id));
    }

    function test_treasury_isSpentByADecisionOnly() public {
        give(address(treasury), 500 * COIN);
        bytes memory call =
            abi.encodeCall(Fund.spend, (IERC20(address(coin)), whale, 500 * COIN, keccak256("grant")));
        expectNotGovernance(guardian);
        vm.prank(guardian);
        treasury.spend(coin, guardian, 1, 0);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls) =
            _single(address(treasury), call);
        _pass(targets, values, calls);
        vm.expectEmit(address(treasury));
        emit IFund.Spent(coin, whale, 500 * COIN, keccak256("grant"));
        governor.execute(targets, values, calls, keccak256("why"));
        vm.assertEq(coin.balanceOf(whale), 500 * COIN);
    }

    function test_guardian_canPauseAndNothingElse() public {
        // Attack: a stolen guardian key. Loss: at most fourteen days of each switch, and no coin.
        vm.startPrank(guardian);
        authority.pause(Switch.Settlement);
        expectNotGovernance(guardian);
        parameters.set(Parameter.QuorumSize, 4);
        expectNotGovernance(guardian);
        trainingFund.spend(coin, guardian, 0, 0);
        expectNotGovernance(guardian);
        authority.revoke(SLASHER, holder);
        vm.stopPrank();
    }

    function test_timelock_delayStaysBetweenSevenAndThirtyDays() public {
        uint256[3] memory refused = [uint256(0), 7 days - 1, 30 days + 1];
        for (uint256 i = 0; i < refused.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(RaceTimelock.DelayOutOfBounds.selector, refused[i], 7 days, 30 days)
            );
            vm.prank(address(timelock));
            timelock.updateDelay(refused[i]);
        }
        vm.prank(address(timelock));
        timelock.updateDelay(30 days);
        vm.assertEq(timelock.getMinDelay(), 30 days);
        vm.expectPartialRevert(TimelockController.TimelockUnauthorizedCaller.selector);
        timelock.updateDelay(8 days);
    }

    function test_timelock_hasNoAdminBesidesItself() public view {
        vm.assertFalse(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(this)));
        vm.assertTrue(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(timelock)));
    }

    function _setQuorumSize(uint256 value)
        private
        view
        returns (address[] memory, uint256[] memory, bytes[] memory)
    {
        return _single(address(parameters), abi.encodeCall(Parameters.set, (Parameter.QuorumSize, value)));
    }

    function _single(address target, bytes memory call)
        private
        pure
        returns (address[] memory targets, uint256[] memory values, bytes[] memory calls)
    {
        targets = new address[](1);
        values = new uint256[](1);
        calls = new bytes[](1);
        targets[0] = target;
        calls[0] = call;
    }

    function _propose(address[] memory targets, uint256[] memory values, bytes[] memory calls)
        private
        returns (uint256 id)
    {
        vm.prank(holder);
        id = governor.propose(targets, values, calls, "why");
    }

    function _pass(address[] memory targets, uint256[] memory values, bytes[] memory calls) private {
        uint256 id = _propose(targets, values, calls);
        wait_(valueOf(Parameter.VotingDelay) + 1);
        vm.prank(holder);
        governor.castVote(id, 1);
        wait_(valueOf(Parameter.VotingPeriod));
        governor.queue(targets, values, calls, keccak256("why"));
        wait_(7 days);
    }
}
