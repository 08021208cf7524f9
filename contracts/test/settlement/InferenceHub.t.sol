// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IInferenceHub } from "../../src/interfaces/IInferenceHub.sol";
import { IInferenceCallback } from "../../src/interfaces/hooks/IInferenceCallback.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { VERDICT } from "../../src/types/Role.sol";
import { Switch } from "../../src/types/Switch.sol";
import { Settlement } from "../support/Settlement.sol";

/// @dev What a contract on the other side of a callback may be.
contract Consumer is IInferenceCallback {
    enum Mood {
        Friendly,
        Reverting,
        Bombing,
        Burning,
        Reentering
    }

    IInferenceHub private immutable _hub;
    Mood public mood;
    uint256 public gasSeen;
    bytes public result;
    bytes public reentered;

    constructor(IInferenceHub hub_) {
        _hub = hub_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function onInference(uint256 id, bytes calldata result_) external {
        gasSeen = gasleft();
        if (mood == Mood.Reverting) revert("no");
        if (mood == Mood.Bombing) {
            assembly {
                return(0, 1000000)
            }
        }
        if (mood == Mood.Burning) while (true) gasSeen++;
        if (mood == Mood.Reentering) {
            (bool ok, bytes memory why) =
                address(_hub).call(abi.encodeCall(IInferenceHub.deliver, (id, result_)));
            require(!ok);
            reentered = why;
        }
        result = result_;
    }
}

contract InferenceHubTest is Settlement {
    uint96 private constant FEE = uint96(5 * COIN);
    bytes private constant RESULT = "an answer";

    address private responder;
    address private watcher;
    address private module;
    Consumer private consumer;

    function setUp() public {
        deploySettlement(1);
        responder = makeAddress("responder");
        watcher = makeAddress("watcher");
        module = makeAddress("verdict module");
        authority.grant(VERDICT, module);
        consumer = new Consumer(hub);
        address[3] memory actors = [address(this), responder, watcher];
        for (uint256 i = 0; i < 3; i++) {
            give(actors[i], 100 * COIN);
            vm.prank(actors[i]);
            coin.approve(address(hub), type(uint256).max);
        }
    }

    function ask(uint32 gasLimit) private returns (uint256) {
        address target = gasLimit == 0 ? address(0) : address(consumer);
        return hub.requestInference(
            "model", "input", FEE, IInferenceHub.Callback(target, gasLimit), uint64(block.number + 100)
        );
    }

    function answer(uint256 id, uint256 fee) private {
        vm.prank(responder);
        hub.answer(id, RESULT, uint96(fee));
    }

    function test_deliversAfterTheWindowAndPaysThroughTheBatches() public {
        uint256 id = ask(200_000);
        answer(id, 3 * COIN);
        uint256 from = block.number + valueOf(Parameter.HubChallengeBlocks);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.TooEarly.selector, from));
        hub.deliver(id, RESULT);
        rollTo(from);
        hub.deliver(id, RESULT);
        vm.assertEq(consumer.result(), RESULT);
        vm.assertLe(consumer.gasSeen(), 200_000);
        vm.assertGt(consumer.gasSeen(), 199_000);
        vm.assertEq(coin.balanceOf(address(this)), 97 * COIN);
        vm.assertEq(coin.balanceOf(responder), 100 * COIN);
        vm.assertEq(coin.balanceOf(address(hub)), 0);
        (uint256 fees,) = batches.unallotted();
        vm.assertEq(fees, 3 * COIN);
        expectStatus(id, IInferenceHub.Status.Delivered);
        hub.deliver(id, RESULT);
    }

    function expectStatus(uint256 id, IInferenceHub.Status status) private {
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.RequestInStatus.selector, id, status));
    }

    function test_refusesAnotherResultThanTheAnswered() public {
        uint256 id = ask(0);
        answer(id, FEE);
        rollBy(64);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.ResultMismatch.selector, keccak256(RESULT)));
        hub.deliver(id, "another answer");
    }

    /// @dev Loss if accepted: the answer, paid for and marked as delivered, for a consumer that was given no gas to take it.
    function test_neverStarvesACallback() public {
        uint32 limit = uint32(valueOf(Parameter.HubMaxCallbackGas));
        uint256 id = ask(limit);
        answer(id, FEE);
        rollBy(64);
        (uint256 delivered, uint256 refused) = (0, 0);
        for (uint256 gas = limit / 2; gas < 2 * uint256(limit) + 500_000; gas += limit / 100) {
            uint256 before = vm.snapshotState();
            try hub.deliver{ gas: gas }(id, RESULT) {
                // What its first instructions took.
                vm.assertGt(consumer.gasSeen(), limit - 1000);
                delivered++;
            } catch {
                refused++;
            }
            vm.revertToState(before);
        }
        vm.assertGt(delivered, 10);
        vm.assertGt(refused, 10);
    }

    /// @dev Loss if it went wrong: the responder's fee and bond, locked by a consumer that always fails.
    function test_paysEvenWhenTheCallbackFailsOrBombs() public {
        for (uint256 mood = 1; mood <= 3; mood++) {
            consumer.setMood(Consumer.Mood(mood));
            uint256 id = ask(200_000);
            answer(id, FEE);
            rollBy(64);
            uint256 before = gasleft();
            hub.deliver(id, RESULT);
            // A megabyte of return data would cost millions to copy.
            vm.assertLt(before - gasleft(), 600_000);
            vm.assertEq(coin.balanceOf(responder), 100 * COIN);
        }
    }

    /// @dev Loss if accepted: the consumer's result. Whoever delivers with too little gas would make the callback fail for ever.
    function test_refusesToStarveTheCallback() public {
        uint256 id = ask(200_000);
        answer(id, FEE);
        rollBy(64);
        uint256 snapshot = vm.snapshotState();
        // Every gas limit either reverts whole or gives the callback all of its gas.
        for (uint256 gasLimit = 200_000; gasLimit < 520_000; gasLimit += 8_000) {
            vm.revertToState(snapshot);
            snapshot = vm.snapshotState();
            (bool ok,) = address(hub).call{ gas: gasLimit }(abi.encodeCall(hub.deliver, (id, RESULT)));
            if (ok) {
                vm.assertEq(consumer.result(), RESULT);
                vm.assertGt(consumer.gasSeen(), 199_000);
            } else {
                vm.assertEq(uint256(hub.requestOf(id).status), uint256(IInferenceHub.Status.Answered));
            }
        }
        vm.revertToState(snapshot);
        hub.deliver(id, RESULT);
        vm.assertEq(consumer.result(), RESULT);
    }

    /// @dev Loss if accepted: the escrow of all other requests, one fee and bond for every turn.
    function test_refusesToBeEnteredAgainFromACallback() public {
        consumer.setMood(Consumer.Mood.Reentering);
        uint256 id = ask(200_000);
        answer(id, FEE);
        rollBy(64);
        hub.deliver(id, RESULT);
        vm.assertEq(
            consumer.reentered(), abi.encodeWithSelector(bytes4(keccak256("ReentrancyGuardReentrantCall()")))
        );
    }

    function test_refundsAtTheDeadline() public {
        uint256 id = ask(0);
        uint64 deadline = hub.requestOf(id).deadline;
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.TooEarly.selector, deadline));
        hub.refund(id);
        rollTo(deadline);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.TooLate.selector, deadline));
        answer(id, FEE);
        hub.refund(id);
        vm.assertEq(coin.balanceOf(address(this)), 100 * COIN);
        expectStatus(id, IInferenceHub.Status.Refunded);
        hub.refund(id);
    }

    function test_refusesABadRequest() public {
        IInferenceHub.Callback memory none;
        uint64 soon = uint64(block.number + 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.FeeInvalid.selector, 0));
        hub.requestInference("model", "", 0, none, soon);
        uint256 latest = block.number + valueOf(Parameter.HubMaxDeadlineBlocks);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.DeadlineInvalid.selector, block.number, latest));
        hub.requestInference("model", "", FEE, none, uint64(block.number));
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.DeadlineInvalid.selector, latest + 1, latest));
        hub.requestInference("model", "", FEE, none, uint64(latest + 1));
        uint256 most = valueOf(Parameter.HubMaxCallbackGas);
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceHub.CallbackInvalid.selector, address(consumer), most + 1, most)
        );
        hub.requestInference(
            "model", "", FEE, IInferenceHub.Callback(address(consumer), uint32(most + 1)), soon
        );
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.CallbackInvalid.selector, address(0), 1, most));
        hub.requestInference("model", "", FEE, IInferenceHub.Callback(address(0), 1), soon);
    }

    function test_refusesAnAnswerAboveTheMaximumAndASecondOne() public {
        uint256 id = ask(0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.FeeInvalid.selector, FEE + 1));
        answer(id, FEE + 1);
        answer(id, FEE);
        expectStatus(id, IInferenceHub.Status.Answered);
        answer(id, FEE);
    }

    function contest(uint256 id) private {
        vm.prank(watcher);
        hub.contest(id);
    }

    function test_aWrongAnswerLosesItsBondAndOpensTheRequestAgain() public {
        uint256 id = ask(0);
        answer(id, FEE);
        contest(id);
        expectStatus(id, IInferenceHub.Status.Contested);
        hub.deliver(id, RESULT);
        expectMissingRole(VERDICT, address(this));
        hub.decide(id, false);
        vm.prank(module);
        hub.decide(id, false);
        vm.assertEq(coin.balanceOf(watcher), 105 * COIN);
        vm.assertEq(coin.balanceOf(responder), 95 * COIN);
        vm.prank(watcher);
        hub.answer(id, "the right answer", FEE);
        rollBy(64);
        hub.deliver(id, "the right answer");
        vm.assertEq(coin.balanceOf(address(hub)), 0);
    }

    function test_aWrongContestLosesItsBondAndTheAnswerIsDelivered() public {
        uint256 id = ask(0);
        answer(id, FEE);
        contest(id);
        vm.prank(module);
        hub.decide(id, true);
        expectStatus(id, IInferenceHub.Status.Answered);
        vm.prank(module);
        hub.decide(id, true);
        hub.deliver(id, RESULT);
        vm.assertEq(coin.balanceOf(responder), 105 * COIN);
        vm.assertEq(coin.balanceOf(watcher), 95 * COIN);
        vm.assertEq(coin.balanceOf(address(hub)), 0);
    }

    function test_aContestThatNobodyDecidesGivesEverybodyTheirOwnBack() public {
        uint256 id = ask(0);
        answer(id, FEE);
        contest(id);
        vm.expectPartialRevert(IInferenceHub.TooEarly.selector);
        hub.expireContest(id);
        rollBy(valueOf(Parameter.EpochBlocks));
        hub.expireContest(id);
        vm.assertEq(coin.balanceOf(responder), 100 * COIN);
        vm.assertEq(coin.balanceOf(watcher), 100 * COIN);
        vm.assertEq(coin.balanceOf(address(this)), 100 * COIN);
    }

    function test_refusesAContestAfterTheWindow() public {
        uint256 id = ask(0);
        answer(id, FEE);
        rollBy(64);
        vm.expectPartialRevert(IInferenceHub.TooLate.selector);
        contest(id);
    }

    function test_asksAgainEveryInterval() public {
        uint256 plan = hub.schedule("model", "input", FEE, IInferenceHub.Callback(address(0), 0), 50, 3, 20);
        vm.assertEq(coin.balanceOf(address(hub)), 15 * COIN);
        uint256 first = hub.tick(plan);
        vm.assertEq(hub.requestOf(first).inputHash, keccak256("input"));
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.TooEarly.selector, block.number + 50));
        hub.tick(plan);
        rollBy(500);
        hub.tick(plan);
        // Missed intervals are not made up for.
        vm.expectPartialRevert(IInferenceHub.TooEarly.selector);
        hub.tick(plan);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.NotRequester.selector, watcher));
        vm.prank(watcher);
        hub.cancelSchedule(plan);
        hub.cancelSchedule(plan);
        vm.assertEq(coin.balanceOf(address(this)), 90 * COIN);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.ScheduleInvalid.selector, plan));
        hub.tick(plan);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.ScheduleInvalid.selector, plan));
        hub.cancelSchedule(plan);
        hub.refund(first);
    }

    function test_refusesABadSchedule() public {
        IInferenceHub.Callback memory none;
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.ScheduleInvalid.selector, 1));
        hub.schedule("model", "", FEE, none, 0, 3, 20);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.ScheduleInvalid.selector, 1));
        hub.schedule("model", "", FEE, none, 50, 0, 20);
        uint256 longest = valueOf(Parameter.HubMaxDeadlineBlocks);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.DeadlineInvalid.selector, 0, longest));
        hub.schedule("model", "", FEE, none, 50, 3, 0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceHub.DeadlineInvalid.selector, longest + 1, longest));
        hub.schedule("model", "", FEE, none, 50, 3, uint32(longest + 1));
    }

    function test_takesTheLongestDeadlineAndSpan() public {
        IInferenceHub.Callback memory none;
        uint256 longest = valueOf(Parameter.HubMaxDeadlineBlocks);
        uint256 id = hub.requestInference("model", "", FEE, none, uint64(block.number + longest));
        vm.assertEq(hub.requestOf(id).deadline, block.number + longest);
        uint32 most = uint32(valueOf(Parameter.HubMaxCallbackGas));
        id = hub.requestInference(
            "model", "", FEE, IInferenceHub.Callback(address(consumer), most), uint64(block.number + 1)
        );
        vm.assertEq(hub.requestOf(id).callbackGas, most);
        uint256 scheduleId = hub.schedule("model", "", FEE, none, 50, 1, uint32(longest));
        vm.assertEq(hub.requestOf(hub.tick(scheduleId)).deadline, block.number + longest);
    }

    /// @dev Loss if accepted: fees that go on being bound while what asks for them is stopped.
    function test_opensNoRequestOfAScheduleWhilePaused() public {
        IInferenceHub.Callback memory none;
        uint256 scheduleId = hub.schedule("model", "", FEE, none, 50, 2, 20);
        vm.prank(guardian);
        authority.pause(Switch.HubRequests);
        vm.expectPartialRevert(IAuthority.Paused.selector);
        hub.tick(scheduleId);
        // What is left still comes back.
        uint256 held = coin.balanceOf(address(this));
        hub.cancelSchedule(scheduleId);
        vm.assertEq(coin.balanceOf(address(this)), held + 2 * FEE);
    }

    function test_takesNoRequestsWhilePausedButAnswersAndRefunds() public {
        uint256 id = ask(0);
        vm.prank(guardian);
        authority.pause(Switch.HubRequests);
        vm.expectPartialRevert(IAuthority.Paused.selector);
        this.askAgain();
        answer(id, FEE);
        rollBy(64);
        hub.deliver(id, RESULT);
    }

    function askAgain() external {
        ask(0);
    }
}
