// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Prices of the liquidity pool: ten phases of 12 million coins, each twice as dear as the one before. Pure.
/// @dev Race paper, Appendix E, "Hardware provider liquidity pool". Prices are quote units (the smallest unit of the
/// quote token) per whole coin. Buyers' cost is rounded up, sellers' proceeds down: rounding never costs the pool.
library PoolCurve {
    uint256 internal constant COIN = 1e18;
    uint256 internal constant PHASE = 12_000_000e18;
    uint256 internal constant PHASES = 10;
    uint256 internal constant TOTAL = PHASE * PHASES;

    /// @notice Price of phase `phase` (from 0).
    function priceOf(uint256 phase, uint256 startPrice) internal pure returns (uint256) {
        return startPrice << phase;
    }

    /// @notice Phase of the last coin of the first `sold` (more than zero): a phase ends when it is sold out.
    function phaseOfLast(uint256 sold) internal pure returns (uint256) {
        return (sold - 1) / PHASE;
    }

    /// @notice Quote units for the coins (wei) from `sold` to `sold + amount`, across phases, rounded up once.
    function costOf(uint256 sold, uint256 amount, uint256 startPrice) internal pure returns (uint256 cost) {
        uint256 scaled = 0;
        while (amount > 0) {
            uint256 phase = sold / PHASE;
            uint256 left = PHASE * (phase + 1) - sold;
            uint256 part = amount < left ? amount : left;
            scaled += part * priceOf(phase, startPrice);
            sold += part;
            amount -= part;
        }
        // INVARIANT: what a buyer pays covers the phases' prices.
        cost = (scaled + COIN - 1) / COIN;
    }

    /// @notice Quote units for selling `amount` coins (wei) at `price`, rounded down.
    function proceedsOf(uint256 amount, uint256 price) internal pure returns (uint256) {
        return amount * price / COIN;
    }
}
