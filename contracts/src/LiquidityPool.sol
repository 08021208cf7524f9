// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IEarnings } from "./interfaces/IEarnings.sol";
import { ILiquidityPool } from "./interfaces/ILiquidityPool.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { PoolCurve } from "./libraries/PoolCurve.sol";
import { Switch } from "./types/Switch.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract LiquidityPool is ILiquidityPool, Governed, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeERC20 for IRaceCoin;
    using SafeCast for uint256;

    /// @notice How long a price must have been reached before the pool buys back at it.
    uint256 public constant PRICE_DELAY_SECONDS = 1 hours;

    IRaceCoin public immutable coin;
    IERC20 public immutable quote;
    /// @notice Quote units per whole coin in the first phase.
    uint256 public immutable startPrice;

    IEarnings public earnings;
    /// @notice Coins (wei) sold so far.
    uint256 public sold;
    /// @notice Quote units that stand behind buy-backs. Transfers that were no purchase are not counted.
    uint256 public reserve;
    mapping(address seller => uint256 amount) public soldBack;

    // The price that holds, and a higher one that holds once it is an hour old.
    uint128 private _settledPrice;
    uint128 private _reachedPrice;
    uint64 private _reachedAt;

    constructor(
        IAuthority authority_,
        IParameters parameters_,
        IRaceCoin coin_,
        IERC20 quote_,
        uint256 startPrice_
    ) Governed(authority_, parameters_) {
        if (startPrice_ == 0) revert AmountZero();
        coin = coin_;
        quote = quote_;
        startPrice = startPrice_;
    }

    /// @inheritdoc ILiquidityPool
    function buy(uint256 amount, uint256 maxCost, address to)
        external
        nonReentrant
        whenRunning(Switch.LiquidityPool)
        returns (uint256 cost)
    {
        if (amount == 0) revert AmountZero();
        uint256 before = sold;
        // INVARIANT: the pool sells 120 million coins, no more.
        if (amount > PoolCurve.TOTAL - before) revert SoldOut(amount, PoolCurve.TOTAL - before);
        cost = PoolCurve.costOf(before, amount, startPrice);
        if (cost > maxCost) revert CostAboveLimit(cost, maxCost);

        sold = before + amount;
        reserve += cost;
        _reach(PoolCurve.priceOf(PoolCurve.phaseOfLast(before + amount), startPrice));
        emit Bought(msg.sender, to, amount, cost, before + amount);

        uint256 held = quote.balanceOf(address(this));
        quote.safeTransferFrom(msg.sender, address(this), cost);
        uint256 received = quote.balanceOf(address(this)) - held;
        if (received != cost) revert QuoteTokenDeviates(cost, received);
        coin.mint(to, amount);
    }

    /// @inheritdoc ILiquidityPool
    function sell(uint256 amount, uint256 minProceeds, address to)
        external
        nonReentrant
        whenRunning(Switch.LiquidityPool)
        returns (uint256 proceeds)
    {
        if (amount == 0) revert AmountZero();
        // INVARIANT: nobody sells back more than was earned by work.
        uint256 left = sellable(msg.sender);
        if (amount > left) revert NotEarned(msg.sender, amount, left);
        proceeds = PoolCurve.proceedsOf(amount, buyBackPrice());
        if (proceeds < minProceeds) revert ProceedsBelowLimit(proceeds, minProceeds);
        // INVARIANT: the pool pays out no more than it took in.
        if (proceeds > reserve) revert ReserveInsufficient(proceeds, reserve);

        soldBack[msg.sender] += amount;
        reserve -= proceeds;
        emit SoldBack(msg.sender, to, amount, proceeds);

        coin.safeTransferFrom(msg.sender, address(this), amount);
        coin.burn(amount);
        quote.safeTransfer(to, proceeds);
    }

    /// @inheritdoc ILiquidityPool
    function setEarnings(IEarnings source) external onlyGovernance {
        earnings = source;
        emit EarningsSourceSet(source);
    }

    /// @inheritdoc ILiquidityPool
    function costOf(uint256 amount) external view returns (uint256) {
        if (amount > PoolCurve.TOTAL - sold) revert SoldOut(amount, PoolCurve.TOTAL - sold);
        return PoolCurve.costOf(sold, amount, startPrice);
    }

    /// @inheritdoc ILiquidityPool
    function buyBackPrice() public view returns (uint256) {
        return block.timestamp >= _reachedAt + PRICE_DELAY_SECONDS ? _reachedPrice : _settledPrice;
    }

    /// @inheritdoc ILiquidityPool
    function sellable(address provider) public view returns (uint256) {
        uint256 earned = earnings.claimedOf(provider);
        uint256 gone = soldBack[provider];
        // A replaced earnings contract may know less than was sold before.
        return earned > gone ? earned - gone : 0;
    }

    function _reach(uint256 price) private {
        if (price == _reachedPrice) return;
        _settledPrice = buyBackPrice().toUint128();
        _reachedPrice = price.toUint128();
        _reachedAt = block.timestamp.toUint64();
        emit PriceReached(price, block.timestamp + PRICE_DELAY_SECONDS);
    }
}
