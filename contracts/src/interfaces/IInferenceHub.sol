// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Inference for contracts: ask now, be called back after the challenge window
/// @notice A contract asks with the most it will pay. A responder answers with a bond as large; the answer waits
/// `HubChallengeBlocks` blocks in which anybody can contest it with a bond as large again; then anybody delivers it. What was not
/// delivered in time is refunded.
/// @dev Who is right in a contest is for a module with the VERDICT role. Without its word a contested answer is never
/// delivered: after `EpochBlocks` both bonds and the fee go back. The fee of a delivered answer goes to `IBatches.fund`, and the
/// responder is paid by its receipt in a batch like any other work.
interface IInferenceHub {
    enum Status {
        None,
        Open,
        Answered,
        Contested,
        Delivered,
        Refunded
    }

    /// @param requester Paid the fee, gets refunds.
    /// @param maxFee Coins (wei) in escrow.
    /// @param target Contract that is called back; zero for none.
    /// @param callbackGas Gas that its call gets, exactly.
    /// @param deadline First block in which an answer is too late.
    /// @param model Content root of the model.
    /// @param inputHash keccak256 of the input.
    /// @param responder Who answered.
    /// @param fee What the responder asks, at most `maxFee`.
    /// @param since Block of the answer, or of the contest.
    /// @param resultHash keccak256 of the result.
    /// @param contester Who contests.
    struct Request {
        address requester;
        uint96 maxFee;
        address target;
        uint32 callbackGas;
        uint64 deadline;
        Status status;
        bytes32 model;
        bytes32 inputHash;
        address responder;
        uint96 fee;
        bytes32 resultHash;
        address contester;
        uint64 since;
    }

    /// @param target Contract to call back; zero for none, then the result is an event.
    /// @param gasLimit Gas for the call, at most `HubMaxCallbackGas`.
    struct Callback {
        address target;
        uint32 gasLimit;
    }

    /// @param left Requests still to come, paid for.
    /// @param nextAt First block in which the next one can be opened.
    /// @param span Blocks that each one stays open.
    struct Schedule {
        address requester;
        uint96 maxFee;
        address target;
        uint32 callbackGas;
        uint32 left;
        uint32 interval;
        uint64 nextAt;
        uint32 span;
        bytes32 model;
        bytes32 inputHash;
    }

    /// @notice The deadline (block) is not ahead, or too far.
    error DeadlineInvalid(uint256 deadline, uint256 latest);
    /// @notice More gas than the limit, or gas without a target.
    error CallbackInvalid(address target, uint256 gasLimit, uint256 limit);
    /// @notice Nothing is asked for nothing: a fee of zero, or more than coins exist.
    error FeeInvalid(uint256 fee);
    /// @notice The request is not in a state in which this can happen.
    error RequestInStatus(uint256 id, Status status);
    /// @notice Not yet: from block `from`.
    error TooEarly(uint256 from);
    /// @notice Too late: block `deadline` has come.
    error TooLate(uint256 deadline);
    /// @notice Not the result that was answered.
    error ResultMismatch(bytes32 expected);
    /// @notice The transaction has too little gas left to give the callback all of its own.
    error CallbackGasMissing(uint256 available, uint256 needed);
    /// @notice Only the requester.
    error NotRequester(address caller);
    /// @notice No such schedule, nothing left in it, or no interval.
    error ScheduleInvalid(uint256 id);

    event Requested(
        uint256 indexed id, address indexed requester, bytes32 indexed model, uint256 maxFee, uint64 deadline
    );
    /// @notice `input` of a request, or of every request of a schedule.
    event InputGiven(bytes32 indexed inputHash, bytes input);
    event Answered(uint256 indexed id, address indexed responder, uint256 fee, bytes result);
    event AnswerContested(uint256 indexed id, address indexed contester);
    event ContestDecided(uint256 indexed id, bool isAnswerRight, uint256 bond, address winner);
    event ContestExpired(uint256 indexed id);
    event Delivered(uint256 indexed id, address indexed responder, uint256 fee, bool isCallbackDone);
    event Refunded(uint256 indexed id, uint256 amount);
    event Scheduled(uint256 indexed scheduleId, address indexed requester, uint32 count, uint32 interval);
    event ScheduleTicked(uint256 indexed scheduleId, uint256 indexed id);
    event ScheduleCancelled(uint256 indexed scheduleId, uint256 refund);

    /// @notice Asks `model` about `input`; takes `maxFee` from the caller, who approved it.
    /// @param deadline Block.
    function requestInference(
        bytes32 model,
        bytes calldata input,
        uint96 maxFee,
        Callback calldata callback,
        uint64 deadline
    ) external returns (uint256 id);

    /// @notice Asks the same again every `interval` blocks, `count` times, all paid in advance.
    /// @param span Blocks that each request stays open.
    function schedule(
        bytes32 model,
        bytes calldata input,
        uint96 maxFee,
        Callback calldata callback,
        uint32 interval,
        uint32 count,
        uint32 span
    ) external returns (uint256 scheduleId);

    /// @notice Opens the next request of a schedule when its block has come. Anybody may. Missed intervals are not made up for.
    function tick(uint256 scheduleId) external returns (uint256 id);

    /// @notice Ends a schedule and pays back what is left in it. Only its requester.
    function cancelSchedule(uint256 scheduleId) external;

    /// @notice Answers, with a bond of `maxFee` taken from the caller.
    function answer(uint256 id, bytes calldata result, uint96 fee) external;

    /// @notice Contests an answer in its window, with a bond of `maxFee` taken from the caller.
    function contest(uint256 id) external;

    /// @notice Ends a contest: the loser's bond goes to the winner. A right answer is delivered at once, a wrong one opens the
    /// request again. Only modules with the VERDICT role.
    function decide(uint256 id, bool isAnswerRight) external;

    /// @notice Ends a contest that nobody decided: bonds and fee go back.
    function expireContest(uint256 id) external;

    /// @notice Delivers an answer whose window is over: fee to the batches, rest to the requester, bond to the responder, result to
    /// the callback. Anybody may. A callback that fails changes nothing of that.
    function deliver(uint256 id, bytes calldata result) external;

    /// @notice Pays back a request that nobody answered in time. Anybody may.
    function refund(uint256 id) external;

    function requestOf(uint256 id) external view returns (Request memory);

    function scheduleOf(uint256 scheduleId) external view returns (Schedule memory);
}
