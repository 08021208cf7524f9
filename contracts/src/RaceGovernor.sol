// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IParameters } from "./interfaces/IParameters.sol";
import { Parameter } from "./types/Parameter.sol";
import { Governor } from "@openzeppelin/contracts/governance/Governor.sol";
import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";
import {
    GovernorCountingSimple
} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {
    GovernorTimelockControl
} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import { GovernorVotes } from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import { IVotes } from "@openzeppelin/contracts/governance/utils/IVotes.sol";

/// @title One coin, one vote, counted at a moment that is past when voting begins
/// @notice Proposals wait `VotingDelay`, are voted on for `VotingPeriod`, and pass the timelock. All three, and the
/// threshold to propose, are parameters with bounds.
contract RaceGovernor is Governor, GovernorCountingSimple, GovernorVotes, GovernorTimelockControl {
    /// @notice Share of all coins that must vote.
    uint256 public constant QUORUM_BPS = 400;

    /// @notice Coins (wei) that must vote however few exist: 1 % of the cap. While less than that is in circulation,
    /// nobody governs, and the numbers stay as deployed.
    uint256 public constant QUORUM_FLOOR = 10_000_000e18;

    uint256 private constant WHOLE_BPS = 10_000;

    IParameters public immutable parameters;

    constructor(IVotes coin, TimelockController timelock_, IParameters parameters_)
        Governor("Racemesh Governor")
        GovernorVotes(coin)
        GovernorTimelockControl(timelock_)
    {
        parameters = parameters_;
    }

    function votingDelay() public view override returns (uint256) {
        return parameters.valueOf(Parameter.VotingDelay);
    }

    function votingPeriod() public view override returns (uint256) {
        return parameters.valueOf(Parameter.VotingPeriod);
    }

    function proposalThreshold() public view override returns (uint256) {
        return parameters.valueOf(Parameter.ProposalThreshold);
    }

    /// @param timepoint Unix seconds.
    function quorum(uint256 timepoint) public view override returns (uint256) {
        uint256 share = token().getPastTotalSupply(timepoint) * QUORUM_BPS / WHOLE_BPS;
        return share > QUORUM_FLOOR ? share : QUORUM_FLOOR;
    }

    function state(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
