// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "./interfaces/IAuthority.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { ParameterBounds } from "./libraries/ParameterBounds.sol";
import { Parameter } from "./types/Parameter.sol";

contract Parameters is IParameters {
    IAuthority public immutable authority;
    uint256 private immutable _genesis;

    mapping(Parameter parameter => uint256 value) private _values;

    constructor(IAuthority authority_) {
        authority = authority_;
        _genesis = block.timestamp;
        for (uint8 i = 0; i <= uint8(type(Parameter).max); ++i) {
            Parameter parameter = Parameter(i);
            uint256 initial = ParameterBounds.boundsOf(parameter).initial;
            _values[parameter] = initial;
            emit ParameterSet(parameter, 0, initial);
        }
    }

    /// @inheritdoc IParameters
    function valueOf(Parameter parameter) external view returns (uint256) {
        return _values[parameter];
    }

    /// @inheritdoc IParameters
    function boundsOf(Parameter parameter) external pure returns (uint256 min, uint256 max) {
        ParameterBounds.Bounds memory bounds = ParameterBounds.boundsOf(parameter);
        return (bounds.min, bounds.max);
    }

    /// @inheritdoc IParameters
    function lockedUntil(Parameter parameter) public view returns (uint256) {
        uint256 lockSeconds = ParameterBounds.boundsOf(parameter).lockSeconds;
        return lockSeconds == 0 ? 0 : _genesis + lockSeconds;
    }

    /// @inheritdoc IParameters
    function set(Parameter parameter, uint256 value) external {
        if (msg.sender != authority.governance()) revert IAuthority.NotGovernance(msg.sender);
        uint256 notBefore = lockedUntil(parameter);
        if (block.timestamp < notBefore) revert ParameterLocked(parameter, notBefore);
        // INVARIANT: no parameter leaves its bounds.
        ParameterBounds.Bounds memory bounds = ParameterBounds.boundsOf(parameter);
        if (value < bounds.min || value > bounds.max) {
            revert ParameterOutOfBounds(parameter, value, bounds.min, bounds.max);
        }
        emit ParameterSet(parameter, _values[parameter], value);
        _values[parameter] = value;
    }
}
