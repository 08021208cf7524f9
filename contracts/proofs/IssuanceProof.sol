// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IssuanceSchedule } from "../src/libraries/IssuanceSchedule.sol";

/// @notice For all inputs, not for tested ones.
contract IssuanceProof {
    /// @dev The fund and those who worked share exactly what was released, and neither more.
    function split(uint256 released, uint256 fees, uint256 trainingShareBps) external pure {
        // Both are amounts of coins, and a share is at most the whole.
        require(released <= type(uint128).max && fees <= type(uint128).max && trainingShareBps <= 10_000);
        (uint256 reward, uint256 training) = IssuanceSchedule.split(released, fees, trainingShareBps);
        assert(training <= released);
        assert(reward + training == released);
    }
}
