// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title A purse of the protocol: the treasury, and the training fund
/// @notice Takes transfers from anyone; only governance spends. Training pays for compute and grants that were voted on
/// (Race paper, Appendix K).
interface IFund {
    /// @param memo What it is for: hash of the proposal's text or of a training plan.
    event Spent(IERC20 indexed token, address indexed to, uint256 amount, bytes32 indexed memo);

    /// @notice Sends `amount` of `token`. Only governance.
    function spend(IERC20 token, address to, uint256 amount, bytes32 memo) external;
}
