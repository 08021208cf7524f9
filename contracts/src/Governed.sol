// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "./interfaces/IAuthority.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { Parameter } from "./types/Parameter.sol";
import { Role } from "./types/Role.sol";
import { Switch } from "./types/Switch.sol";

/// @notice Base of the contracts that governance steers: where roles, pauses and parameters are looked up.
abstract contract Governed {
    IAuthority public immutable authority;
    IParameters public immutable parameters;

    constructor(IAuthority authority_, IParameters parameters_) {
        authority = authority_;
        parameters = parameters_;
    }

    modifier onlyGovernance() {
        _checkGovernance();
        _;
    }

    modifier onlyRole(Role role) {
        authority.checkRole(role, msg.sender);
        _;
    }

    modifier whenRunning(Switch which) {
        authority.checkRunning(which);
        _;
    }

    function _checkGovernance() internal view {
        if (msg.sender != authority.governance()) revert IAuthority.NotGovernance(msg.sender);
    }

    function _parameter(Parameter parameter) internal view returns (uint256) {
        return parameters.valueOf(parameter);
    }
}
