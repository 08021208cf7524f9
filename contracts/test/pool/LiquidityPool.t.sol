// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { LiquidityPool } from "../../src/LiquidityPool.sol";
import { RaceCoin } from "../../src/RaceCoin.sol";
import { DevDollar } from "../../src/devnet/DevDollar.sol";
import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IEarnings } from "../../src/interfaces/IEarnings.sol";
import { ILiquidityPool } from "../../src/interfaces/ILiquidityPool.sol";
import { PoolCurve } from "../../src/libraries/PoolCurve.sol";
import { Switch } from "../../src/types/Switch.sol";
import { Protocol } from "../support/Protocol.sol";
import { Test } from "../support/Test.sol";
import { HookedDollar, TaxedDollar } from "../support/TestTokens.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @notice Earnings as a test says.
contract Ledger is IEarnings {
    mapping(address provider => uint256 amount) public claimedOf;

    function earn(address provider, uint256 amount) external {
        claimedOf[provider] += amount;
    }
}

contract LiquidityPoolTest is Protocol {
    uint256 private constant PHASE = 12_000_000e18;
    uint256 private constant START = 5000; // 0.005 dollars of six decimals
    uint256 private constant LOTS = type(uint256).max;

    LiquidityPool private pool;
    DevDollar private dollar;
    Ledger private ledger;
    address private buyer;
    address private miner;

    function setUp() public {
        deployProtocol();
        buyer = makeAddress("buyer");
        miner = makeAddress("miner");
        dollar = new DevDollar();
        ledger = new Ledger();
        pool = _deployPool(dollar);
        allocate(address(pool));
        pool.setEarnings(ledger);
        dollar.mint(buyer, 1e15);
        vm.prank(buyer);
        dollar.approve(address(pool), LOTS);
        vm.prank(miner);
        coin.approve(address(pool), LOTS);
    }

    function test_prices_areThoseOfThePaper() public {
        vm.assertEq(pool.costOf(1e18), 5000);
        _buy(PHASE - 1);
        vm.assertEq(pool.costOf(1), 1);
        _buy(1);
        vm.assertEq(pool.costOf(1e18), 10_000);
        uint256 price = 5000;
        for (uint256 phase = 0; phase < 10; ++phase) {
            vm.assertEq(PoolCurve.priceOf(phase, START), price);
            price *= 2;
        }
    }

    function test_buy_acrossPhases_paysEachPhaseItsPrice() public {
        vm.expectEmit(address(pool));
        emit ILiquidityPool.Bought(buyer, buyer, PHASE + 1e18, 60_000e6 + 10_000, PHASE + 1e18);
        uint256 cost = _buy(PHASE + 1e18);
        vm.assertEq(cost, 60_000e6 + 10_000);
        vm.assertEq(coin.balanceOf(buyer), PHASE + 1e18);
        vm.assertEq(pool.reserve(), cost);
    }

    function test_buy_everything_bringsThePapersSum() public {
        // 12 M x $0.005 x (2^10 - 1)
        vm.assertEq(pool.costOf(10 * PHASE), 60_000e6 * 1023);
        vm.assertEq(_buy(10 * PHASE), 60_000e6 * 1023);
        vm.expectRevert(abi.encodeWithSelector(ILiquidityPool.SoldOut.selector, 1, 0));
        vm.prank(buyer);
        pool.buy(1, LOTS, buyer);
        vm.expectRevert(abi.encodeWithSelector(ILiquidityPool.SoldOut.selector, 1, 0));
        pool.costOf(1);
    }

    function test_buy_aboveTheLimit_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(ILiquidityPool.CostAboveLimit.selector, 5000, 4999));
        vm.prank(buyer);
        pool.buy(1e18, 4999, buyer);
        // The limit itself is not above the limit.
        vm.prank(buyer);
        vm.assertEq(pool.buy(1e18, 5000, buyer), 5000);
    }

    function test_buyAndSell_nothing_reverts() public {
        vm.startPrank(buyer);
        vm.expectRevert(ILiquidityPool.AmountZero.selector);
        pool.buy(0, LOTS, buyer);
        vm.expectRevert(ILiquidityPool.AmountZero.selector);
        pool.sell(0, 0, buyer);
    }

    function test_deploy_withoutAPrice_reverts() public {
        vm.expectRevert(ILiquidityPool.AmountZero.selector);
        new LiquidityPool(authority, parameters, coin, dollar, 0);
    }

    function test_sell_paysTheLastPriceReached() public {
        _buy(PHASE + 1);
        wait_(1 hours);
        _earn(miner, 100e18);
        vm.expectEmit(address(pool));
        emit ILiquidityPool.SoldBack(miner, miner, 100e18, 1e6);
        vm.prank(miner);
        uint256 proceeds = pool.sell(100e18, 1e6, miner);
        vm.assertEq(proceeds, 100 * 10_000);
        vm.assertEq(dollar.balanceOf(miner), proceeds);
        vm.assertEq(coin.balanceOf(address(pool)), 0);
        vm.assertEq(coin.totalSupply(), PHASE + 1);
        vm.assertEq(pool.sellable(miner), 0);
    }

    function test_sell_belowTheLimit_reverts() public {
        _buy(1e24);
        wait_(1 hours);
        _earn(miner, 1e18);
        vm.expectRevert(abi.encodeWithSelector(ILiquidityPool.ProceedsBelowLimit.selector, 5000, 5001));
        vm.prank(miner);
        pool.sell(1e18, 5001, miner);
    }

    function test_sell_moreThanTheReserve_reverts() public {
        _buy(1e18);
        wait_(1 hours);
        _earn(miner, 10e18);
        vm.expectRevert(abi.encodeWithSelector(ILiquidityPool.ReserveInsufficient.selector, 10_000, 5000));
        vm.prank(miner);
        pool.sell(2e18, 0, miner);
    }

    function test_pause_stopsBoth() public {
        _buy(1e18);
        wait_(1 hours);
        _earn(miner, 1e18);
        vm.prank(guardian);
        authority.pause(Switch.LiquidityPool);
        vm.expectPartialRevert(IAuthority.Paused.selector);
        vm.prank(buyer);
        pool.buy(1, LOTS, buyer);
        vm.expectPartialRevert(IAuthority.Paused.selector);
        vm.prank(miner);
        pool.sell(1, 0, miner);
    }

    function test_setEarnings_byGovernanceOnly() public {
        expectNotGovernance(buyer);
        vm.prank(buyer);
        pool.setEarnings(IEarnings(buyer));
        // A new ledger that knows less than was sold before gives nobody a negative balance.
        _buy(1e18);
        wait_(1 hours);
        _earn(miner, 1e18);
        vm.prank(miner);
        pool.sell(1e18, 0, miner);
        pool.setEarnings(new Ledger());
        vm.assertEq(pool.sellable(miner), 0);
    }

    // ---- attacks

    function test_attack_earlyBuyerSellsAtTheDoubledPrice() public {
        // Attack: buy phase 1 whole ($60,000) and one coin of phase 2, then sell half back at the doubled price.
        // Loss without the earned-by-work rule: the whole reserve, and the attacker keeps six million coins for nothing.
        _buy(PHASE + 1e18);
        wait_(1 days);
        vm.startPrank(buyer);
        coin.approve(address(pool), LOTS);
        vm.expectRevert(abi.encodeWithSelector(ILiquidityPool.NotEarned.selector, buyer, 6_000_000e18, 0));
        pool.sell(6_000_000e18, 0, buyer);
    }

    function test_attack_liftThePriceAndSellInOneTransaction() public {
        // Attack: a provider with earned coins borrows dollars, buys the rest of the phase and a wei of the next, sells
        // earned coins at twice the price, and pays the loan back from the reserve.
        // Loss without the hour of waiting: here the whole reserve of $30,000 for half of the coins that it should take.
        _buy(6_000_000e18);
        wait_(1 hours);
        _earn(miner, 3_000_000e18);
        _buy(6_000_000e18 + 1);
        vm.assertEq(pool.buyBackPrice(), 5000);
        vm.prank(miner);
        vm.assertEq(pool.sell(3_000_000e18, 0, miner), 15_000e6);
        wait_(1 hours - 1);
        vm.assertEq(pool.buyBackPrice(), 5000);
        wait_(1);
        vm.assertEq(pool.buyBackPrice(), 10_000);
    }

    function test_attack_keepLiftingToKeepTheOldPrice() public {
        // A second lift within the hour starts the hour anew, at most nine times in the pool's life; sellers lose time.
        _buy(1e18);
        vm.assertEq(pool.buyBackPrice(), 0);
        wait_(30 minutes);
        _buy(PHASE);
        wait_(59 minutes);
        vm.assertEq(pool.buyBackPrice(), 0);
        wait_(1 minutes);
        vm.assertEq(pool.buyBackPrice(), 10_000);
    }

    function testFuzz_attack_rounding_neverCostsThePool(uint256 sold, uint256 amount, uint256 parts)
        public
        pure
    {
        // Attack: buy in dust, so that each cost rounds down, and sell in bulk. Loss without rounding up: the price of
        // every coin bought in pieces smaller than one quote unit.
        sold = bound(sold, 0, 10 * PHASE - 1e18);
        amount = bound(amount, 1, 1e18);
        parts = bound(parts, 1, 20);
        uint256 paid = 0;
        uint256 bought = 0;
        for (uint256 i = 0; i < parts; ++i) {
            uint256 part = amount / parts + 1;
            paid += PoolCurve.costOf(sold + bought, part, START);
            bought += part;
            if (sold + bought + part > 10 * PHASE) break;
        }
        vm.assertGe(paid, PoolCurve.costOf(sold, bought, START));
        uint256 price = PoolCurve.priceOf(sold / PHASE, START);
        vm.assertGe(paid, PoolCurve.proceedsOf(bought, price));
    }

    function test_attack_donationBuysNothing() public {
        // Attack: shift the pool's accounting by sending tokens to it (as to a vault's first depositor).
        // Loss where balances are trusted: later buyers' money. Here the donation is simply lost to its giver.
        dollar.mint(address(pool), 1e12);
        give(address(pool), 1e24);
        _buy(1e18);
        vm.assertEq(pool.reserve(), 5000);
        wait_(1 hours);
        _earn(miner, 10e18);
        vm.expectPartialRevert(ILiquidityPool.ReserveInsufficient.selector);
        vm.prank(miner);
        pool.sell(2e18, 0, miner);
    }

    function test_attack_tokenThatTakesAFee() public {
        TaxedDollar taxed = new TaxedDollar();
        LiquidityPool taxedPool = _deployPool(taxed);
        taxed.mint(buyer, 1e12);
        vm.startPrank(buyer);
        taxed.approve(address(taxedPool), LOTS);
        // Attack: pay 99 and be credited 100. Loss: one per cent of the reserve, last sellers unpaid.
        vm.expectRevert(abi.encodeWithSelector(ILiquidityPool.QuoteTokenDeviates.selector, 5000, 4950));
        taxedPool.buy(1e18, LOTS, buyer);
    }

    function test_attack_reentryThroughTheQuoteToken() public {
        HookedDollar hooked = new HookedDollar();
        LiquidityPool target = _deployPool(hooked);
        _allow(target);
        target.setEarnings(ledger);
        ledger.earn(address(hooked), 1e18);
        hooked.mint(buyer, 1e12);
        vm.prank(buyer);
        hooked.approve(address(target), LOTS);
        // Attack: sell inside the payment of a purchase, when the balance is counted but not yet there.
        // Loss with a token that calls back: reserve paid out twice.
        hooked.hook(address(target), abi.encodeCall(LiquidityPool.sell, (1e18, 0, address(hooked))));
        vm.prank(buyer);
        target.buy(1e18, LOTS, buyer);
        vm.assertFalse(hooked.isAnswerOk());
        vm.assertEq(
            hooked.answer(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
    }

    function _allow(LiquidityPool target) private {
        // Only the pool under test has an allocation; this one gets some by writing storage.
        bytes32 slot = keccak256(abi.encode(address(target), _allowanceSlot()));
        vm.store(address(coin), slot, bytes32(uint256(1e24)));
        vm.assertEq(coin.mintAllowance(address(target)), 1e24);
    }

    /// @dev Finds the mapping by its known entry for the pool.
    function _allowanceSlot() private view returns (uint256) {
        for (uint256 i = 0; i < 32; ++i) {
            bytes32 entry = vm.load(address(coin), keccak256(abi.encode(address(pool), i)));
            if (uint256(entry) == coin.mintAllowance(address(pool))) return i;
        }
        revert("no mapping found");
    }

    function _deployPool(DevDollar quote) private returns (LiquidityPool) {
        return new LiquidityPool(authority, parameters, coin, quote, START);
    }

    function _buy(uint256 amount) private returns (uint256) {
        vm.prank(buyer);
        return pool.buy(amount, LOTS, buyer);
    }

    function _earn(address who, uint256 amount) private {
        ledger.earn(who, amount);
        give(who, amount);
    }
}

/// @notice Buyers, and miners who sell what they earned and try to sell more.
contract PoolActor is Test {
    LiquidityPool private immutable pool;
    DevDollar private immutable dollar;
    Ledger private immutable ledger;
    PoolInvariants private immutable test;

    uint256 public spent;
    uint256 public received;
    uint256 public soldCoins;

    constructor(LiquidityPool pool_, DevDollar dollar_, Ledger ledger_) {
        pool = pool_;
        dollar = dollar_;
        ledger = ledger_;
        test = PoolInvariants(msg.sender);
    }

    function buy(uint256 amount, uint256 scale) external {
        uint256 left = 120_000_000e18 - pool.sold();
        amount = bound(amount, 1, 10 ** bound(scale, 0, 26));
        if (amount > left) amount = left;
        if (amount == 0) return;
        uint256 cost = pool.costOf(amount);
        dollar.mint(address(this), cost);
        dollar.approve(address(pool), cost);
        spent += pool.buy(amount, cost, address(this));
    }

    function earn(uint256 amount) external {
        amount = bound(amount, 1, 1_000_000e18);
        ledger.earn(address(this), amount);
        test.pay(address(this), amount);
    }

    function sell(uint256 amount) external {
        amount = bound(amount, 1, pool.sellable(address(this)) + 1e18);
        test.coinOf().approve(address(pool), amount);
        received += pool.sell(amount, 0, address(this));
        soldCoins += amount;
    }

    function passTime(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + bound(seconds_, 1, 2 hours));
    }
}

contract PoolInvariants is Protocol {
    LiquidityPool private pool;
    DevDollar private dollar;
    Ledger private ledger;
    PoolActor private actor;

    function setUp() public {
        deployProtocol();
        dollar = new DevDollar();
        ledger = new Ledger();
        pool = new LiquidityPool(authority, parameters, coin, dollar, 5000);
        allocate(address(pool));
        pool.setEarnings(ledger);
        actor = new PoolActor(pool, dollar, ledger);
        targetContract(address(actor));
    }

    function pay(address to, uint256 amount) external {
        give(to, amount);
    }

    function coinOf() external view returns (RaceCoin) {
        return coin;
    }

    /// @dev Solvency, conservation, and no coin sold back that was not earned.
    function invariant_solvency() public view {
        vm.assertEq(pool.reserve(), actor.spent() - actor.received());
        vm.assertEq(dollar.balanceOf(address(pool)), pool.reserve());
        vm.assertEq(coin.balanceOf(address(pool)), 0);
        vm.assertLe(actor.soldCoins(), ledger.claimedOf(address(actor)));
        vm.assertEq(coin.mintAllowance(address(pool)), 120_000_000e18 - pool.sold());
        vm.assertGe(pool.reserve() + actor.received(), PoolCurve.costOf(0, pool.sold(), 5000));
    }
}
