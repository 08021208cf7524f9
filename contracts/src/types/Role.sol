// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a module may do to another contract. Granted and taken by governance in `Authority`.
/// @dev The value is the hash of the role's name, so that a new role needs no new `Authority`.
type Role is bytes32;

using { equalRole as == } for Role global;

function equalRole(Role a, Role b) pure returns (bool) {
    return Role.unwrap(a) == Role.unwrap(b);
}

// May release new coins against fees that became final (Batches).
Role constant SETTLEMENT = Role.wrap(keccak256("racemesh.role.settlement"));

// May take stake for a proven fault (Epochs' beacon, verdicts, disputes).
Role constant SLASHER = Role.wrap(keccak256("racemesh.role.slasher"));

// May report the outcome of a check: forfeit held rewards, lower a weight (verdicts, disputes).
Role constant VERDICT = Role.wrap(keccak256("racemesh.role.verdict"));

// May publish weights of an epoch once their data is final.
Role constant WEIGHTS = Role.wrap(keccak256("racemesh.role.weights"));

// May report measured capacity of providers (additional rewards).
Role constant ASSESSOR = Role.wrap(keccak256("racemesh.role.assessor"));

// May pause a switch for a while. Can do nothing else.
Role constant GUARDIAN = Role.wrap(keccak256("racemesh.role.guardian"));
