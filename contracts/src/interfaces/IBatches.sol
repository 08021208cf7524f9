// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IChannels } from "./IChannels.sol";

/// @title Batches: what every payee has earned in all its life, under one root a batch
/// @notice Receipts are settled many at a time. The validators of the running epoch sign the Merkle root of the lifetime totals
/// of those payees that earned something; after a window in which the batch can be stopped, a payee claims the difference between
/// its newest total and what it had. Skipped batches lose nothing.
/// @dev Fees come in by `fund` and `collect`; new coins by `IIssuance`. A batch hands out part of what came in and no more.
/// At most one batch waits; it is released without a transaction, by the passing of blocks.
/// EIP-712 domain: name "Racemesh Batches", version "1". Twins: `shared/money/batch.ts`, `merkle-tree.ts`, `fee-split.ts`.
interface IBatches {
    /// @param number One more than the last batch, whether that was stopped or not.
    /// @param epoch The running epoch.
    /// @param setId Its validator set.
    /// @param totalsRoot Root over payees: data of leaf i is `payee ‖ uint128 lifetime total (wei)`.
    /// @param receiptsRoot Root over receipts: data of leaf i is the encoded receipt. What the totals were computed from.
    /// @param payeeCount Leaves under `totalsRoot`.
    /// @param receiptCount Leaves under `receiptsRoot`.
    /// @param fees Coins (wei) of fees that this batch hands out.
    /// @param validators Part of `fees` for validators, within the totals.
    /// @param treasury Part of `fees` for the treasury, outside the totals.
    /// @param rewards New coins (wei) that this batch hands out to operators besides.
    struct Batch {
        uint64 number;
        uint64 epoch;
        bytes32 setId;
        bytes32 totalsRoot;
        bytes32 receiptsRoot;
        uint32 payeeCount;
        uint32 receiptCount;
        uint128 fees;
        uint128 validators;
        uint128 treasury;
        uint128 rewards;
    }

    /// @param index Position of the payee's leaf.
    struct Claim {
        address payee;
        uint128 cumulative;
        uint256 index;
        bytes32[] siblings;
    }

    enum Tree {
        Totals,
        Receipts
    }

    /// @param number The last batch, 0 before the first.
    /// @param postedAt Block of its settlement.
    /// @param demandableUntil First block in which its data can no longer be demanded.
    /// @param releasedAt First block in which it can be claimed from and no longer stopped.
    struct Head {
        uint64 number;
        uint64 postedAt;
        uint64 demandableUntil;
        uint64 releasedAt;
    }

    /// @param asker Gets the bond back when nobody answers.
    /// @param bond Coins (wei); paid to whoever answers.
    /// @param deadline First block in which an answer is too late.
    struct Demand {
        address asker;
        uint96 bond;
        uint64 deadline;
    }

    /// @notice Batches are numbered without gaps.
    error BatchOutOfOrder(uint64 number, uint64 expected);
    /// @notice The last batch can still be stopped until `releasedAt` (block).
    error BatchPending(uint64 releasedAt);
    /// @notice The interval is not over before `from` (block) and the batch is not full.
    error BatchTooSoon(uint256 from);
    /// @notice No leaves, or more than the limit.
    error BatchSizeInvalid(uint256 payees, uint256 receipts, uint256 limit);
    /// @notice Not the running epoch and its set.
    error EpochNotRunning(uint64 epoch, bytes32 setId);
    /// @notice Validators' or treasury's part is not the one of the current shares.
    error SplitInvalid(uint256 validators, uint256 treasury);
    /// @notice The batch hands out more than has come in.
    error BatchUnfunded(uint256 asked, uint256 available);
    /// @notice What was passed is not batch `number` as it was settled, or that was stopped.
    error BatchUnknown(uint64 number);
    /// @notice Claims begin at `releasedAt` (block).
    error BatchNotReleased(uint64 releasedAt);
    /// @notice The batch is released: it can no longer be stopped, held or asked for data.
    error BatchReleased(uint64 releasedAt);
    /// @notice The proof does not lead to the root.
    error LeafInvalid(uint256 index);
    /// @notice The payee's total was claimed, this one or a newer.
    error NothingToClaim(uint256 cumulative, uint256 claimed);
    /// @notice Not signed by the payee.
    error RedirectSignatureInvalid(address payee);
    /// @notice This leaf was demanded before.
    error DemandExists(bytes32 id);
    /// @notice No such demand, or it is closed.
    error DemandUnknown(bytes32 id);
    /// @notice The demand can be answered until `deadline` (block).
    error DemandOpen(uint64 deadline);
    /// @notice The deadline (block) for an answer has passed.
    error DemandOverdue(uint64 deadline);
    /// @notice The batch's treasury share and new coins were released before.
    error AlreadyFinalised(uint64 number);
    /// @notice The coin answered that it moved nothing.
    error TransferFailed();
    /// @notice A batch is held back only while settlement is paused.
    error NotPaused();

    event Funded(address indexed from, uint256 amount);
    /// @notice All that claims need. The batch itself is the calldata of `settle`, and `hash` is `hashOf` it.
    event BatchSettled(uint64 indexed number, bytes32 totalsRoot, bytes32 hash, uint64 releasedAt);
    event BatchPostponed(uint64 indexed number, uint64 releasedAt);
    event BatchStopped(uint64 indexed number, address indexed by);
    event BatchFinalised(uint64 indexed number, uint256 treasury, uint256 newCoins);
    event DataDemanded(
        uint64 indexed number, Tree tree, uint256 index, address indexed asker, uint64 deadline
    );
    event DataAnswered(uint64 indexed number, Tree tree, uint256 index, address indexed by, bytes data);
    event DataWithheld(uint64 indexed number, Tree tree, uint256 index);

    /// @notice Brings in fees: takes `amount` from the caller, who approved it.
    function fund(uint256 amount) external;

    /// @notice Brings in fees: claims a channel whose payee is this contract. Anybody may.
    function collect(IChannels.Channel calldata channel, uint128 cumulative, bytes calldata signature)
        external;

    /// @notice Posts a batch. Anybody may; the quorum's signature is what counts.
    /// @param absentees Bit i is set when seat i did not sign.
    function settle(Batch calldata batch, uint256 absentees, bytes calldata signature) external;

    /// @notice Pays the caller what `cumulative` adds to its claims before.
    /// @param hash `hashOf` the batch.
    /// @param cumulative The caller's lifetime total (wei) in this batch.
    /// @param index Position of the caller's leaf.
    function claim(
        uint64 number,
        bytes32 hash,
        uint128 cumulative,
        uint256 index,
        bytes32[] calldata siblings
    ) external;

    /// @notice Claims for payees of one batch, at half the price each when they are many. Anybody may. Those that were paid
    /// already are left out, so that a claim in between spoils nothing.
    function claimMany(uint64 number, bytes32 hash, Claim[] calldata claims) external;

    /// @notice Same, to another address, by the payee's signature: a session key that earned names the wallet to pay.
    /// @param signature EIP-712 `Redirect(address payee,address recipient,uint128 cumulative)`, ERC-1271 too.
    function claimTo(
        uint64 number,
        bytes32 hash,
        address payee,
        uint128 cumulative,
        uint256 index,
        bytes32[] calldata siblings,
        address recipient,
        bytes calldata signature
    ) external;

    /// @notice After the release: pays the treasury and lets the batch's fees release new coins. Anybody may, once.
    function finalise(Batch calldata batch) external;

    /// @notice Demands one leaf of the waiting batch, with `DataDemandBond`. The release moves behind the answer's deadline.
    function demandData(Batch calldata batch, Tree tree, uint256 index) external;

    /// @notice Shows a demanded leaf and earns the bond.
    function answerDemand(
        Batch calldata batch,
        Tree tree,
        uint256 index,
        bytes calldata data,
        bytes32[] calldata siblings
    ) external;

    /// @notice After the deadline of a demand without answer: stops the batch if it still waits, and returns the bond.
    function closeDemand(Batch calldata batch, Tree tree, uint256 index) external;

    /// @notice Stops the waiting batch; what it handed out can be handed out again. Only modules with the VERDICT role.
    function stop(Batch calldata batch) external;

    /// @notice While settlement is paused: moves the waiting batch's release a whole window into the future. Anybody may.
    function hold(Batch calldata batch) external;

    function head() external view returns (Head memory);

    /// @notice Coins (wei) that came in and no batch has handed out.
    function unallotted() external view returns (uint256 fees, uint256 rewards);

    /// @notice Lifetime claims of a payee (wei).
    function claimedOf(address payee) external view returns (uint256);

    /// @notice What a settlement left behind: the upper 216 bits of keccak256(totals' root ‖ batch's hash), and `releaseOf` in the
    /// lower 40; zero when unknown or stopped.
    function commitmentOf(uint64 number) external view returns (bytes32);

    /// @notice First block in which batch `number` can be claimed from; zero when unknown or stopped.
    function releaseOf(uint64 number) external view returns (uint64);

    function demandOf(bytes32 id) external view returns (Demand memory);

    function demandId(uint64 number, Tree tree, uint256 index) external pure returns (bytes32);

    /// @notice EIP-712 struct hash of a batch.
    function hashOf(Batch calldata batch) external pure returns (bytes32);

    /// @notice What validators sign. Binds chain, contract, number, epoch and set.
    function batchDigest(Batch calldata batch) external view returns (bytes32);

    /// @notice What a payee signs for `claimTo`.
    function redirectDigest(address payee, address recipient, uint128 cumulative)
        external
        view
        returns (bytes32);
}
