// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Parameter } from "../types/Parameter.sol";

/// @title The protocol's numbers, each inside fixed bounds
/// @notice Governance (the timelock) sets values; nobody can set one outside its bounds.
interface IParameters {
    /// @notice A value outside `[min, max]` was asked for.
    error ParameterOutOfBounds(Parameter parameter, uint256 value, uint256 min, uint256 max);
    /// @notice The parameter may not change before `notBefore` (Unix seconds).
    error ParameterLocked(Parameter parameter, uint256 notBefore);

    event ParameterSet(Parameter indexed parameter, uint256 oldValue, uint256 newValue);

    /// @notice The value that holds now.
    function valueOf(Parameter parameter) external view returns (uint256);

    /// @notice Smallest and largest value that the parameter can ever take.
    function boundsOf(Parameter parameter) external pure returns (uint256 min, uint256 max);

    /// @notice From when (Unix seconds) the parameter may change; 0 for at once.
    function lockedUntil(Parameter parameter) external view returns (uint256);

    /// @notice Sets `parameter` to `value`. Only governance.
    function set(Parameter parameter, uint256 value) external;
}
