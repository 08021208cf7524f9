// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IEarnings } from "./IEarnings.sol";

/// @title Liquidity for hardware providers
/// @notice Sells 120 million new coins in ten phases, the next only when the one before is sold out, at a doubling
/// price; buys back, at the last price reached, coins that the seller earned by work. What it takes in never leaves
/// but to sellers: not even governance can move it.
/// @dev Race paper, Appendix E. Bought-back coins are burned.
interface ILiquidityPool {
    /// @notice An amount of zero does nothing.
    error AmountZero();
    /// @notice More coins are asked for than are left for sale.
    error SoldOut(uint256 asked, uint256 left);
    /// @notice The purchase would cost more than the buyer allows.
    error CostAboveLimit(uint256 cost, uint256 maxCost);
    /// @notice The sale would bring less than the seller asks for.
    error ProceedsBelowLimit(uint256 proceeds, uint256 minProceeds);
    /// @notice The seller did not earn that many coins by work (or sold them already).
    error NotEarned(address seller, uint256 asked, uint256 left);
    /// @notice The pool holds less than the sale would bring.
    error ReserveInsufficient(uint256 proceeds, uint256 reserve);
    /// @notice The quote token moved another amount than it was told to (it takes a fee, or lies).
    error QuoteTokenDeviates(uint256 expected, uint256 received);

    event Bought(address indexed buyer, address indexed to, uint256 amount, uint256 cost, uint256 sold);
    event SoldBack(address indexed seller, address indexed to, uint256 amount, uint256 proceeds);
    event PriceReached(uint256 price, uint256 validFrom);
    event EarningsSourceSet(IEarnings source);

    /// @notice Mints `amount` coins (wei) to `to` for at most `maxCost` quote units.
    function buy(uint256 amount, uint256 maxCost, address to) external returns (uint256 cost);

    /// @notice Takes `amount` coins (wei) from the caller and pays at least `minProceeds` quote units to `to`.
    function sell(uint256 amount, uint256 minProceeds, address to) external returns (uint256 proceeds);

    /// @notice What `buy(amount)` costs now (quote units).
    function costOf(uint256 amount) external view returns (uint256);

    /// @notice Quote units per whole coin at which the pool buys back now. A price that was just reached holds from an
    /// hour later, so that nobody lifts it and sells at it in one transaction.
    function buyBackPrice() external view returns (uint256);

    /// @notice Coins (wei) that `provider` may still sell.
    function sellable(address provider) external view returns (uint256);

    /// @notice Names the contract that knows earnings (Batches). Only governance.
    function setEarnings(IEarnings source) external;
}
