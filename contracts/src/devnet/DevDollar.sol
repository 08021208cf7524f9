// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A dollar for development chains
/// @notice Anyone mints as much as they like. Never the quote token of a real network.
contract DevDollar is ERC20 {
    constructor() ERC20("Development Dollar", "DEVUSD") { }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
