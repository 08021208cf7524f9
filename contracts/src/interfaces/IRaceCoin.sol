// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IERC3009 } from "./IERC3009.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Race Coin
/// @notice One billion at most, ever. Who may mint how much is written down once, at deployment, and only shrinks.
interface IRaceCoin is IERC20, IERC3009 {
    /// @param minter Contract that may mint.
    /// @param amount Coins (wei) that it may mint in all its life.
    struct Allocation {
        address minter;
        uint256 amount;
    }

    /// @notice Only the deployer allocates, and only once.
    error AllocationClosed();
    /// @notice Allocations must add up to the cap exactly.
    error AllocationIncomplete(uint256 allocated, uint256 cap);
    /// @notice The minter has less left than it asked for.
    error MintAllowanceExceeded(address minter, uint256 asked, uint256 left);

    event Allocated(address indexed minter, uint256 amount);

    /// @notice Most coins (wei) that can ever be minted.
    function cap() external view returns (uint256);

    /// @notice Coins (wei) that `minter` may still mint.
    function mintAllowance(address minter) external view returns (uint256);

    /// @notice Shares out the cap among minters. Once, by the deployer.
    function allocate(Allocation[] calldata allocations) external;

    /// @notice Mints from the caller's allowance.
    function mint(address to, uint256 amount) external;

    /// @notice Destroys coins of the caller. They are never minted again.
    function burn(uint256 amount) external;
}
