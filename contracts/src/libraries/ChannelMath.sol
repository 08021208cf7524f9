// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IChannels } from "../interfaces/IChannels.sol";

/// @title The money rules of a channel, without storage, signatures or clocks
/// @dev Apart from `Channels` so that the SMT checker can look at them alone.
library ChannelMath {
    /// @dev More than the token's cap of 1e27 wei fits, so a sum that passes the check never wraps.
    uint256 internal constant MAX_AMOUNT = type(uint96).max;

    function added(IChannels.State memory state, uint256 amount)
        internal
        pure
        returns (IChannels.State memory)
    {
        if (amount == 0 || amount > MAX_AMOUNT - state.deposit) revert IChannels.DepositInvalid(amount);
        // INVARIANT: a closing channel takes no deposit, which its payee could no longer earn.
        if (state.closesAt != 0) revert IChannels.ChannelClosing(state.closesAt);
        // SAFETY: `amount` is at most MAX_AMOUNT, which fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        state.deposit += uint96(amount);
        return state;
    }

    /// @return paid What `cumulative` adds to `claimed`.
    function drawn(uint256 deposit, uint256 claimed, uint256 cumulative)
        internal
        pure
        returns (uint256 paid)
    {
        // INVARIANT: a claim never takes a channel's total beyond its deposit.
        if (cumulative > deposit) revert IChannels.VoucherExceedsDeposit(cumulative, deposit);
        // INVARIANT: a total is paid once: only what it adds to the largest total before.
        if (cumulative <= claimed) revert IChannels.VoucherSpent(cumulative, claimed);
        unchecked {
            // SAFETY: the check above.
            paid = cumulative - claimed;
        }
    }

    function refunded(IChannels.State memory state)
        internal
        pure
        returns (IChannels.State memory, uint256 rest)
    {
        // INVARIANT: a refund and all claims together are exactly what was deposited.
        rest = state.deposit - state.claimed;
        state.deposit = state.claimed;
        state.closesAt = 0;
        // INVARIANT: a release is worth nothing in a later round of the same channel.
        unchecked {
            // SAFETY: 16 million rounds of one channel, each a transaction; a wrap would only revive a release that its payee
            // signed that long ago.
            state.round += 1;
        }
        return (state, rest);
    }
}
