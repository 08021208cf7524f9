// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The owner of everything that can change
/// @notice Seven days at least between a decision and its effect: whoever disagrees can leave first.
contract RaceTimelock is TimelockController {
    /// @notice The delay would leave its bounds.
    error DelayOutOfBounds(uint256 delay, uint256 min, uint256 max);

    uint256 public constant MIN_DELAY = 7 days;
    uint256 public constant MAX_DELAY = 30 days;

    /// @param admin Sets up roles and renounces in the deployment; zero for none.
    constructor(address[] memory proposers, address[] memory executors, address admin)
        TimelockController(MIN_DELAY, proposers, executors, admin)
    { }

    /// @inheritdoc TimelockController
    function updateDelay(uint256 newDelay) public override {
        // INVARIANT: a decision takes effect after seven days at the earliest.
        if (newDelay < MIN_DELAY || newDelay > MAX_DELAY) {
            revert DelayOutOfBounds(newDelay, MIN_DELAY, MAX_DELAY);
        }
        super.updateDelay(newDelay);
    }
}
