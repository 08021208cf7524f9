// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "./interfaces/IAuthority.sol";
import { GUARDIAN, Role } from "./types/Role.sol";
import { Switch } from "./types/Switch.sol";
import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";

/// @dev Ownership moves in one step: a timelock could accept only seven days after the deployment asked it to.
contract Authority is IAuthority, Ownable {
    /// @notice How long a pause lasts: a day of notice, five days of voting and seven of timelock fit in.
    uint256 public constant PAUSE_SECONDS = 14 days;

    /// @notice How long a switch must have run before the guardian may pause it again.
    uint256 public constant COOL_DOWN_SECONDS = 14 days;

    mapping(Role role => mapping(address account => bool holds)) private _roles;
    mapping(Switch which => uint256 until) private _pausedUntil;

    constructor(address owner_) Ownable(owner_) { }

    modifier onlyGovernance() {
        if (msg.sender != owner()) revert NotGovernance(msg.sender);
        _;
    }

    /// @inheritdoc IAuthority
    function governance() external view returns (address) {
        return owner();
    }

    /// @inheritdoc IAuthority
    function hasRole(Role role, address account) public view returns (bool) {
        return _roles[role][account];
    }

    /// @inheritdoc IAuthority
    function checkRole(Role role, address account) public view {
        if (!_roles[role][account]) revert MissingRole(role, account);
    }

    /// @inheritdoc IAuthority
    function pausedUntil(Switch which) external view returns (uint256) {
        return _pausedUntil[which];
    }

    /// @inheritdoc IAuthority
    function checkRunning(Switch which) external view {
        uint256 until = _pausedUntil[which];
        if (block.timestamp < until) revert Paused(which, until);
    }

    /// @inheritdoc IAuthority
    function grant(Role role, address account) external onlyGovernance {
        _roles[role][account] = true;
        emit RoleGranted(role, account);
    }

    /// @inheritdoc IAuthority
    function revoke(Role role, address account) external onlyGovernance {
        _roles[role][account] = false;
        emit RoleRevoked(role, account);
    }

    /// @inheritdoc IAuthority
    function pause(Switch which) external {
        checkRole(GUARDIAN, msg.sender);
        // INVARIANT: a switch runs for at least as long as the guardian last paused it, before it can be paused again.
        uint256 from = _pausedUntil[which] == 0 ? 0 : _pausedUntil[which] + COOL_DOWN_SECONDS;
        if (block.timestamp < from) revert PauseCoolingDown(which, from);
        uint256 until = block.timestamp + PAUSE_SECONDS;
        _pausedUntil[which] = until;
        emit SwitchPaused(which, until, msg.sender);
    }

    /// @inheritdoc IAuthority
    function resume(Switch which) external {
        if (msg.sender != owner()) checkRole(GUARDIAN, msg.sender);
        if (block.timestamp < _pausedUntil[which]) {
            _pausedUntil[which] = block.timestamp;
            emit SwitchResumed(which);
        }
    }

    /// @dev Without governance no module could be replaced and no parameter corrected.
    function renounceOwnership() public pure override {
        revert GovernanceNotRenounceable();
    }
}
