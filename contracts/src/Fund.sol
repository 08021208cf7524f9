// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAuthority } from "./interfaces/IAuthority.sol";
import { IFund } from "./interfaces/IFund.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

contract Fund is IFund {
    using SafeERC20 for IERC20;

    IAuthority public immutable authority;

    constructor(IAuthority authority_) {
        authority = authority_;
    }

    /// @inheritdoc IFund
    function spend(IERC20 token, address to, uint256 amount, bytes32 memo) external {
        if (msg.sender != authority.governance()) revert IAuthority.NotGovernance(msg.sender);
        emit Spent(token, to, amount, memo);
        token.safeTransfer(to, amount);
    }
}
