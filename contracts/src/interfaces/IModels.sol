// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Models that the network serves
/// @notice A model is known by its content root. Anyone proposes one with a deposit; coin holders vote to list it, and
/// later to delist it. A vote counts coins as they were the second before the proposal.
/// @dev Race paper, Appendix J, "Decentralized Model Registration Process".
interface IModels {
    enum Status {
        Unknown,
        Proposed,
        Listed,
        Rejected,
        Delisted
    }

    /// @param owner Who is paid the owner's share, through the batches.
    /// @param unitsPerToken Units of compute (10^6 multiply-accumulates) per token.
    /// @param ownerShareBps Share of the revenue of its requests, in 1/10,000.
    /// @param encoding Hash of the pinned encoding's specification: another encoding is another model.
    /// @param licenceHash keccak256 of the licence text.
    struct Model {
        address owner;
        uint64 unitsPerToken;
        uint16 ownerShareBps;
        Status status;
        bytes32 encoding;
        bytes32 licenceHash;
    }

    /// @param proposer Who paid the deposit and gets it back.
    /// @param endsAt Unix seconds at which voting ends.
    /// @param snapshot Unix seconds whose votes count.
    /// @param delists True if the vote is about taking the model off.
    struct Ballot {
        address proposer;
        uint64 endsAt;
        uint64 snapshot;
        bool delists;
        uint128 deposit;
        uint128 votesFor;
        uint128 votesAgainst;
    }

    /// @notice The model is in a state that does not allow this.
    error StatusWrong(bytes32 root, Status status);
    /// @notice A field of the model is zero that must not be, or above its limit.
    error ModelInvalid(bytes32 root);
    /// @notice The owner asks for a larger share than governance allows.
    error OwnerShareTooLarge(uint256 asked, uint256 max);
    /// @notice Nothing is being voted on for this model.
    error NoBallot(bytes32 root);
    /// @notice Voting on this model is over since, or goes on until, `endsAt` (Unix seconds).
    error VotingTime(bytes32 root, uint256 endsAt);
    /// @notice The account has voted.
    error AlreadyVoted(bytes32 root, address voter);
    /// @notice The account had no votes at the snapshot. Coins vote only when delegated, to oneself or another.
    error NoVotes(address voter, uint256 snapshot);
    /// @notice Only the owner does this.
    error NotOwner(bytes32 root, address account);

    event ModelProposed(bytes32 indexed root, address indexed owner, Model model, uint256 endsAt);
    event DelistingProposed(bytes32 indexed root, address indexed proposer, uint256 endsAt);
    event ModelVoted(bytes32 indexed root, address indexed voter, bool support, uint256 votes);
    event BallotClosed(bytes32 indexed root, Status status, bool depositReturned);
    event ModelRetired(bytes32 indexed root);
    event OwnerChanged(bytes32 indexed root, address indexed from, address indexed to);

    /// @notice Proposes a model; takes the deposit from the caller, who becomes its owner when it is listed.
    /// @param root Content root of the packed model.
    function propose(
        bytes32 root,
        uint64 unitsPerToken,
        uint16 ownerShareBps,
        bytes32 encoding,
        bytes32 licenceHash
    ) external;

    /// @notice Proposes to take a listed model off; takes the deposit from the caller.
    function proposeDelisting(bytes32 root) external;

    /// @notice Votes with all of the caller's votes at the snapshot.
    function vote(bytes32 root, bool support) external;

    /// @notice Ends a vote whose time is over. Anyone may call. The deposit goes back to the proposer, except when a
    /// quorum voted the proposal down: then it goes to the treasury.
    function close(bytes32 root) external;

    /// @notice Takes the caller's own listed model off at once.
    function retire(bytes32 root) external;

    /// @notice Gives the owner's share to another account.
    function transferOwner(bytes32 root, address to) external;

    function modelOf(bytes32 root) external view returns (Model memory);

    function ballotOf(bytes32 root) external view returns (Ballot memory);

    function isListed(bytes32 root) external view returns (bool);
}
