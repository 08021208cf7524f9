// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IBatches } from "./interfaces/IBatches.sol";
import { IInferenceHub } from "./interfaces/IInferenceHub.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { IInferenceCallback } from "./interfaces/hooks/IInferenceCallback.sol";
import { Parameter } from "./types/Parameter.sol";
import { VERDICT } from "./types/Role.sol";
import { Switch } from "./types/Switch.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @notice See {IInferenceHub}.
contract InferenceHub is IInferenceHub, Governed, ReentrancyGuardTransient {
    using SafeERC20 for IRaceCoin;

    /// @dev What the delivery itself still needs after the callback: one event.
    uint256 private constant GAS_AFTER_CALLBACK = 10_000;

    IRaceCoin public immutable coin;
    IBatches public immutable batches;

    uint256 private _lastId;
    uint256 private _lastScheduleId;
    mapping(uint256 id => Request) private _requests;
    mapping(uint256 id => Schedule) private _schedules;

    constructor(IAuthority authority_, IParameters parameters_, IRaceCoin coin_, IBatches batches_)
        Governed(authority_, parameters_)
    {
        coin = coin_;
        batches = batches_;
    }

    /// @inheritdoc IInferenceHub
    function requestInference(
        bytes32 model,
        bytes calldata input,
        uint96 maxFee,
        Callback calldata callback,
        uint64 deadline
    ) external nonReentrant whenRunning(Switch.HubRequests) returns (uint256 id) {
        _checkTerms(maxFee, callback);
        uint256 latest = block.number + _parameter(Parameter.HubMaxDeadlineBlocks);
        if (deadline <= block.number || deadline > latest) revert DeadlineInvalid(deadline, latest);
        bytes32 inputHash = keccak256(input);
        id = _open(msg.sender, maxFee, callback.target, callback.gasLimit, deadline, model, inputHash);
        emit InputGiven(inputHash, input);
        coin.safeTransferFrom(msg.sender, address(this), maxFee);
    }

    /// @inheritdoc IInferenceHub
    function schedule(
        bytes32 model,
        bytes calldata input,
        uint96 maxFee,
        Callback calldata callback,
        uint32 interval,
        uint32 count,
        uint32 span
    ) external nonReentrant whenRunning(Switch.HubRequests) returns (uint256 scheduleId) {
        _checkTerms(maxFee, callback);
        scheduleId = ++_lastScheduleId;
        if (interval == 0 || count == 0) revert ScheduleInvalid(scheduleId);
        uint256 longest = _parameter(Parameter.HubMaxDeadlineBlocks);
        if (span == 0 || span > longest) revert DeadlineInvalid(span, longest);
        bytes32 inputHash = keccak256(input);
        _schedules[scheduleId] = Schedule({
            requester: msg.sender,
            maxFee: maxFee,
            target: callback.target,
            callbackGas: callback.gasLimit,
            left: count,
            interval: interval,
            nextAt: uint64(block.number),
            span: span,
            model: model,
            inputHash: inputHash
        });
        emit Scheduled(scheduleId, msg.sender, count, interval);
        emit InputGiven(inputHash, input);
        coin.safeTransferFrom(msg.sender, address(this), uint256(maxFee) * count);
    }

    /// @inheritdoc IInferenceHub
    function tick(uint256 scheduleId)
        external
        nonReentrant
        whenRunning(Switch.HubRequests)
        returns (uint256 id)
    {
        Schedule memory plan = _schedules[scheduleId];
        if (plan.left == 0) revert ScheduleInvalid(scheduleId);
        // INVARIANT: two requests of a schedule are at least an interval apart.
        if (block.number < plan.nextAt) revert TooEarly(plan.nextAt);
        _schedules[scheduleId].left = plan.left - 1;
        _schedules[scheduleId].nextAt = uint64(block.number) + plan.interval;
        id = _open(
            plan.requester,
            plan.maxFee,
            plan.target,
            plan.callbackGas,
            uint64(block.number) + plan.span,
            plan.model,
            plan.inputHash
        );
        emit ScheduleTicked(scheduleId, id);
    }

    /// @inheritdoc IInferenceHub
    function cancelSchedule(uint256 scheduleId) external nonReentrant {
        Schedule memory plan = _schedules[scheduleId];
        if (plan.requester != msg.sender) revert NotRequester(msg.sender);
        if (plan.left == 0) revert ScheduleInvalid(scheduleId);
        _schedules[scheduleId].left = 0;
        uint256 rest = uint256(plan.maxFee) * plan.left;
        emit ScheduleCancelled(scheduleId, rest);
        coin.safeTransfer(plan.requester, rest);
    }

    /// @inheritdoc IInferenceHub
    function answer(uint256 id, bytes calldata result, uint96 fee) external nonReentrant {
        Request storage request = _inStatus(id, Status.Open);
        // INVARIANT: an answer is never accepted after its deadline.
        if (block.number >= request.deadline) revert TooLate(request.deadline);
        // INVARIANT: a request never costs more than its maximum.
        if (fee > request.maxFee) revert FeeInvalid(fee);
        request.status = Status.Answered;
        request.responder = msg.sender;
        request.fee = fee;
        request.since = uint64(block.number);
        request.resultHash = keccak256(result);
        emit Answered(id, msg.sender, fee, result);
        coin.safeTransferFrom(msg.sender, address(this), request.maxFee);
    }

    /// @inheritdoc IInferenceHub
    function contest(uint256 id) external nonReentrant {
        Request storage request = _inStatus(id, Status.Answered);
        uint256 end = request.since + _parameter(Parameter.HubChallengeBlocks);
        if (block.number >= end) revert TooLate(end);
        request.status = Status.Contested;
        request.contester = msg.sender;
        request.since = uint64(block.number);
        emit AnswerContested(id, msg.sender);
        coin.safeTransferFrom(msg.sender, address(this), request.maxFee);
    }

    /// @inheritdoc IInferenceHub
    function decide(uint256 id, bool isAnswerRight) external nonReentrant onlyRole(VERDICT) {
        Request storage request = _inStatus(id, Status.Contested);
        address winner = isAnswerRight ? request.responder : request.contester;
        uint256 bond = request.maxFee;
        request.contester = address(0);
        if (isAnswerRight) {
            // Back in its window at its end: delivered as soon as somebody does.
            request.status = Status.Answered;
            request.since = 0;
        } else {
            request.status = Status.Open;
            request.responder = address(0);
            request.resultHash = 0;
            request.fee = 0;
        }
        emit ContestDecided(id, isAnswerRight, bond, winner);
        // INVARIANT: two bonds are staked in a contest and the winner ends up with both; a right answer's own comes on delivery.
        coin.safeTransfer(winner, isAnswerRight ? bond : 2 * bond);
    }

    /// @inheritdoc IInferenceHub
    function expireContest(uint256 id) external nonReentrant {
        Request storage request = _inStatus(id, Status.Contested);
        uint256 from = request.since + _parameter(Parameter.EpochBlocks);
        if (block.number < from) revert TooEarly(from);
        request.status = Status.Refunded;
        (address responder, address contester, uint256 bond) =
            (request.responder, request.contester, request.maxFee);
        emit ContestExpired(id);
        emit Refunded(id, bond);
        coin.safeTransfer(responder, bond);
        coin.safeTransfer(contester, bond);
        coin.safeTransfer(request.requester, bond);
    }

    /// @inheritdoc IInferenceHub
    function deliver(uint256 id, bytes calldata result) external nonReentrant {
        Request storage stored = _inStatus(id, Status.Answered);
        Request memory request = stored;
        // INVARIANT: a result is delivered only after its whole challenge window without a contest, or with a verdict.
        if (request.since != 0) {
            uint256 from = request.since + _parameter(Parameter.HubChallengeBlocks);
            if (block.number < from) revert TooEarly(from);
        }
        if (keccak256(result) != request.resultHash) revert ResultMismatch(request.resultHash);
        stored.status = Status.Delivered;

        if (request.fee > 0) {
            coin.forceApprove(address(batches), request.fee);
            batches.fund(request.fee);
        }
        coin.safeTransfer(request.responder, request.maxFee);
        if (request.maxFee > request.fee) {
            coin.safeTransfer(request.requester, request.maxFee - request.fee);
        }
        bool isDone = request.target != address(0) && _callBack(request, id, result);
        emit Delivered(id, request.responder, request.fee, isDone);
    }

    /// @inheritdoc IInferenceHub
    function refund(uint256 id) external nonReentrant {
        Request storage request = _inStatus(id, Status.Open);
        if (block.number < request.deadline) revert TooEarly(request.deadline);
        request.status = Status.Refunded;
        emit Refunded(id, request.maxFee);
        coin.safeTransfer(request.requester, request.maxFee);
    }

    /// @inheritdoc IInferenceHub
    function requestOf(uint256 id) external view returns (Request memory) {
        return _requests[id];
    }

    /// @inheritdoc IInferenceHub
    function scheduleOf(uint256 scheduleId) external view returns (Schedule memory) {
        return _schedules[scheduleId];
    }

    function _checkTerms(uint96 maxFee, Callback calldata callback) private view {
        if (maxFee == 0) revert FeeInvalid(maxFee);
        uint256 limit = _parameter(Parameter.HubMaxCallbackGas);
        if (callback.gasLimit > limit || (callback.target == address(0)) != (callback.gasLimit == 0)) {
            revert CallbackInvalid(callback.target, callback.gasLimit, limit);
        }
    }

    function _open(
        address requester,
        uint96 maxFee,
        address target,
        uint32 callbackGas,
        uint64 deadline,
        bytes32 model,
        bytes32 inputHash
    ) private returns (uint256 id) {
        id = ++_lastId;
        Request storage request = _requests[id];
        request.requester = requester;
        request.maxFee = maxFee;
        request.target = target;
        request.callbackGas = callbackGas;
        request.deadline = deadline;
        request.status = Status.Open;
        request.model = model;
        request.inputHash = inputHash;
        emit Requested(id, requester, model, maxFee, deadline);
    }

    /// @dev The callee gets exactly its gas, can return nothing that costs us memory, and can fail without undoing anything.
    function _callBack(Request memory request, uint256 id, bytes calldata result) private returns (bool ok) {
        bytes memory data = abi.encodeCall(IInferenceCallback.onInference, (id, result));
        // INVARIANT: a callback never gets less gas than its request named: a 64th of what is left stays here (EIP-150).
        uint256 available = gasleft() - gasleft() / 64;
        uint256 needed = uint256(request.callbackGas) + GAS_AFTER_CALLBACK;
        if (available < needed) revert CallbackGasMissing(available, needed);
        (address target, uint256 gasLimit) = (request.target, request.callbackGas);
        assembly ("memory-safe") {
            ok := call(gasLimit, target, 0, add(data, 32), mload(data), 0, 0)
        }
    }

    function _inStatus(uint256 id, Status status) private view returns (Request storage request) {
        request = _requests[id];
        if (request.status != status) revert RequestInStatus(id, request.status);
    }
}
