// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Role } from "../types/Role.sol";
import { Switch } from "../types/Switch.sol";

/// @title Who may do what
/// @notice One owner (the timelock after deployment) grants roles to modules. A guardian may pause, for a limited
/// time, switches that lose money by running; it can move nothing.
interface IAuthority {
    /// @notice The caller does not hold `role`.
    error MissingRole(Role role, address account);
    /// @notice The caller is not governance.
    error NotGovernance(address account);
    /// @notice `which` is paused until `until` (Unix seconds).
    error Paused(Switch which, uint256 until);
    /// @notice The guardian paused `which` too recently; it may again from `from` (Unix seconds).
    error PauseCoolingDown(Switch which, uint256 from);
    /// @notice Governance cannot be given up: nobody could change a parameter or replace a module.
    error GovernanceNotRenounceable();

    event RoleGranted(Role indexed role, address indexed account);
    event RoleRevoked(Role indexed role, address indexed account);
    event SwitchPaused(Switch indexed which, uint256 until, address indexed guardian);
    event SwitchResumed(Switch indexed which);

    /// @notice The timelock.
    function governance() external view returns (address);

    function hasRole(Role role, address account) external view returns (bool);

    /// @notice Reverts with `MissingRole` unless `account` holds `role`.
    function checkRole(Role role, address account) external view;

    /// @notice Unix seconds at which a pause of `which` ends; in the past (or 0) when it runs.
    function pausedUntil(Switch which) external view returns (uint256);

    /// @notice Reverts with `Paused` while `which` is paused.
    function checkRunning(Switch which) external view;

    /// @notice Grants `role`. Only governance.
    function grant(Role role, address account) external;

    /// @notice Takes `role`. Only governance.
    function revoke(Role role, address account) external;

    /// @notice Pauses `which` for `PAUSE_SECONDS`. Only the guardian, and not again before the cool-down is over.
    function pause(Switch which) external;

    /// @notice Ends a pause early. Governance or the guardian.
    function resume(Switch which) external;
}
