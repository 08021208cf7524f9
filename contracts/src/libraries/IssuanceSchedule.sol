// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IIssuance } from "../interfaces/IIssuance.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice How many coins a fee releases, and how many a day with work releases at least. Pure.
/// @dev Race paper, Appendices E and F. Twin: `shared/money/issuance.ts`.
library IssuanceSchedule {
    using SafeCast for uint256;

    uint256 internal constant BATCH = 50_000_000e18;
    uint256 internal constant BATCHES = 12;
    uint256 internal constant TOTAL = BATCH * BATCHES;
    uint256 internal constant DAYS_PER_YEAR = 365;
    uint256 internal constant WHOLE_BPS = 10_000;

    /// @notice Releases coins against `fees` (wei) on `day`.
    /// @param dailyCap Most coins (wei) that a day releases against fees.
    /// @return next The state afterwards.
    /// @return subsidy Coins (wei) against these fees.
    /// @return minimum Coins (wei) that complete the minimum of the last day with work, if that day is over.
    function release(IIssuance.State memory state, uint256 fees, uint256 day, uint256 dailyCap)
        internal
        pure
        returns (IIssuance.State memory next, uint256 subsidy, uint256 minimum)
    {
        next = state;
        if (next.worked && day > next.day) minimum = _completeDay(next);
        if (!next.worked || day > next.day) {
            next.worked = true;
            next.day = day.toUint64();
            next.issuedToday = 0;
        }
        // INVARIANT: a day releases at most its cap against fees.
        uint256 room = dailyCap > next.issuedToday ? dailyCap - next.issuedToday : 0;
        subsidy = _subsidise(next, fees, room);
        next.issuedToday += subsidy.toUint128();
    }

    /// @notice The subsidy of batch `index` (from 0): `granted` coins for every `paid` coins of fees.
    /// @dev The subsidy is s = 9/10 x (4/5)^index of the total, and s / (1 - s) = 9 x 4^index / (10 x 5^index - 9 x 4^index).
    function rateOf(uint256 index) internal pure returns (uint256 granted, uint256 paid) {
        granted = 9 * 4 ** index;
        paid = 10 * 5 ** index - granted;
    }

    /// @notice Coins (wei) that a day with work releases at least: 5 % of the cap in the first year, half each year.
    function minimumOf(uint256 day) internal pure returns (uint256) {
        uint256 year = day / DAYS_PER_YEAR;
        return year > 128 ? 0 : (BATCH >> year) / DAYS_PER_YEAR;
    }

    /// @notice Splits new coins between the training fund and those who worked.
    /// @dev The fund's share is one of the whole revenue, fees and new coins, and is taken from the new coins: fees are
    /// left whole for the batch's own split. New coins cover 20 % of revenue in the first seven batches (subsidy 23.6 %
    /// and more); after that the fund has all of them. Rounded down, so that the two always add up.
    function split(uint256 released, uint256 fees, uint256 trainingShareBps)
        internal
        pure
        returns (uint256 reward, uint256 training)
    {
        training = (fees + released) * trainingShareBps / WHOLE_BPS;
        // INVARIANT: the training fund never takes more than was released.
        if (training > released) training = released;
        reward = released - training;
    }

    function _completeDay(IIssuance.State memory state) private pure returns (uint256 minimum) {
        // INVARIANT: a day with work releases at least its minimum while coins are left.
        uint256 floor = minimumOf(state.day);
        if (state.issuedToday >= floor) return 0;
        minimum = floor - state.issuedToday;
        if (minimum > TOTAL - state.issued) minimum = TOTAL - state.issued;
        uint256 before = state.issued / BATCH;
        state.issued += minimum.toUint128();
        // The remainder is a numerator over the old batch's rate; in a new batch it has no meaning.
        if (state.issued / BATCH != before) state.remainder = 0;
    }

    function _subsidise(IIssuance.State memory state, uint256 fees, uint256 room)
        private
        pure
        returns (uint256 subsidy)
    {
        // INVARIANT: coins released never exceed 600 million.
        while (fees > 0 && room > 0 && state.issued < TOTAL) {
            uint256 index = state.issued / BATCH;
            (uint256 granted, uint256 paid) = rateOf(index);
            uint256 left = BATCH * (index + 1) - state.issued;
            if (left > room) left = room;
            // INVARIANT: below the daily cap, a fee paid in parts releases what the whole fee releases.
            uint256 numerator = fees * granted + state.remainder;
            uint256 coins = numerator / paid;
            if (coins < left) {
                state.issued += coins.toUint128();
                state.remainder = (numerator % paid).toUint128();
                return subsidy + coins;
            }
            // The batch (or the day) is used up: only as much of the fee as that took is spent on it.
            uint256 needed = left * paid - state.remainder;
            fees -= (needed + granted - 1) / granted;
            state.issued += left.toUint128();
            state.remainder = 0;
            subsidy += left;
            room -= left;
        }
    }
}
