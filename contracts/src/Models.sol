// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IModels } from "./interfaces/IModels.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { Parameter } from "./types/Parameter.sol";
import { IVotes } from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract Models is IModels, Governed, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    uint256 private constant WHOLE_BPS = 10_000;

    IERC20 public immutable coin;
    address public immutable treasury;

    mapping(bytes32 root => Model model) private _models;
    mapping(bytes32 root => Ballot ballot) private _ballots;
    // By the hash of root and snapshot and number, so that a later vote on the same model starts afresh.
    mapping(bytes32 root => uint256 number) private _ballotNumber;
    mapping(bytes32 ballotId => mapping(address voter => bool voted)) private _voted;

    constructor(IAuthority authority_, IParameters parameters_, IERC20 coin_, address treasury_)
        Governed(authority_, parameters_)
    {
        coin = coin_;
        treasury = treasury_;
    }

    /// @inheritdoc IModels
    function propose(
        bytes32 root,
        uint64 unitsPerToken,
        uint16 ownerShareBps,
        bytes32 encoding,
        bytes32 licenceHash
    ) external nonReentrant {
        Status status = _models[root].status;
        if (status != Status.Unknown && status != Status.Rejected) revert StatusWrong(root, status);
        if (root == 0 || unitsPerToken == 0 || encoding == 0 || licenceHash == 0) revert ModelInvalid(root);
        uint256 maxShare = _parameter(Parameter.ModelMaxOwnerShareBps);
        if (ownerShareBps > maxShare) revert OwnerShareTooLarge(ownerShareBps, maxShare);
        _models[root] = Model({
            owner: msg.sender,
            unitsPerToken: unitsPerToken,
            ownerShareBps: ownerShareBps,
            status: Status.Proposed,
            encoding: encoding,
            licenceHash: licenceHash
        });
        uint256 endsAt = _openBallot(root, false);
        emit ModelProposed(root, msg.sender, _models[root], endsAt);
        _takeDeposit(root);
    }

    /// @inheritdoc IModels
    function proposeDelisting(bytes32 root) external nonReentrant {
        _checkStatus(root, Status.Listed);
        if (_ballots[root].endsAt != 0) revert VotingTime(root, _ballots[root].endsAt);
        uint256 endsAt = _openBallot(root, true);
        emit DelistingProposed(root, msg.sender, endsAt);
        _takeDeposit(root);
    }

    /// @inheritdoc IModels
    function vote(bytes32 root, bool support) external {
        Ballot storage ballot = _ballots[root];
        if (ballot.endsAt == 0) revert NoBallot(root);
        if (block.timestamp >= ballot.endsAt) revert VotingTime(root, ballot.endsAt);
        bytes32 id = _ballotId(root);
        // INVARIANT: an account votes once per ballot.
        if (_voted[id][msg.sender]) revert AlreadyVoted(root, msg.sender);
        // INVARIANT: only coins held before the proposal vote on it.
        uint256 votes = IVotes(address(coin)).getPastVotes(msg.sender, ballot.snapshot);
        if (votes == 0) revert NoVotes(msg.sender, ballot.snapshot);
        _voted[id][msg.sender] = true;
        if (support) ballot.votesFor += votes.toUint128();
        else ballot.votesAgainst += votes.toUint128();
        emit ModelVoted(root, msg.sender, support, votes);
    }

    /// @inheritdoc IModels
    function close(bytes32 root) external nonReentrant {
        Ballot memory ballot = _ballots[root];
        if (ballot.endsAt == 0) revert NoBallot(root);
        if (block.timestamp < ballot.endsAt) revert VotingTime(root, ballot.endsAt);
        uint256 supply = IVotes(address(coin)).getPastTotalSupply(ballot.snapshot);
        uint256 cast = uint256(ballot.votesFor) + ballot.votesAgainst;
        bool hasQuorum = cast * WHOLE_BPS >= supply * _parameter(Parameter.ModelQuorumBps) && cast > 0;
        bool accepted = hasQuorum && ballot.votesFor > ballot.votesAgainst;

        Model storage model = _models[root];
        if (ballot.delists) {
            // The owner may have retired it meanwhile; then it stays off.
            if (accepted) model.status = Status.Delisted;
        } else {
            model.status = accepted ? Status.Listed : Status.Rejected;
        }
        delete _ballots[root];
        bool isReturned = accepted || !hasQuorum;
        emit BallotClosed(root, model.status, isReturned);
        coin.safeTransfer(isReturned ? ballot.proposer : treasury, ballot.deposit);
    }

    /// @inheritdoc IModels
    function retire(bytes32 root) external {
        _checkStatus(root, Status.Listed);
        _checkOwner(root);
        _models[root].status = Status.Delisted;
        emit ModelRetired(root);
    }

    /// @inheritdoc IModels
    function transferOwner(bytes32 root, address to) external {
        _checkOwner(root);
        if (to == address(0)) revert ModelInvalid(root);
        emit OwnerChanged(root, msg.sender, to);
        _models[root].owner = to;
    }

    /// @inheritdoc IModels
    function modelOf(bytes32 root) external view returns (Model memory) {
        return _models[root];
    }

    /// @inheritdoc IModels
    function ballotOf(bytes32 root) external view returns (Ballot memory) {
        return _ballots[root];
    }

    /// @inheritdoc IModels
    function isListed(bytes32 root) external view returns (bool) {
        return _models[root].status == Status.Listed;
    }

    function _openBallot(bytes32 root, bool delists) private returns (uint256 endsAt) {
        endsAt = block.timestamp + _parameter(Parameter.ModelVotePeriod);
        ++_ballotNumber[root];
        _ballots[root] = Ballot({
            proposer: msg.sender,
            endsAt: endsAt.toUint64(),
            // The second before: coins borrowed in this block, or in answer to it, have no vote.
            snapshot: (block.timestamp - 1).toUint64(),
            delists: delists,
            deposit: _parameter(Parameter.ModelDeposit).toUint128(),
            votesFor: 0,
            votesAgainst: 0
        });
    }

    function _takeDeposit(bytes32 root) private {
        coin.safeTransferFrom(msg.sender, address(this), _ballots[root].deposit);
    }

    function _ballotId(bytes32 root) private view returns (bytes32) {
        return keccak256(abi.encode(root, _ballotNumber[root]));
    }

    function _checkStatus(bytes32 root, Status status) private view {
        if (_models[root].status != status) revert StatusWrong(root, _models[root].status);
    }

    function _checkOwner(bytes32 root) private view {
        if (_models[root].owner != msg.sender) revert NotOwner(root, msg.sender);
    }
}
