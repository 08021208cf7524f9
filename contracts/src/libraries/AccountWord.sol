// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title An account of the coin in one word
/// @notice The delegate stands in the upper 160 bits, the balance (wei) in the lower 96. All coins that can ever exist are fewer
/// than 2^90 wei.
/// @dev One slot: with one for each, a transfer between strangers would cost 4,200 gas more, for delegates that few have.
/// That the parts never run into each other is proved in `contracts/proofs/AccountProof.sol`.
library AccountWord {
    function balanceIn(uint256 word) internal pure returns (uint256) {
        // SAFETY: the lower 96 bits are meant.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(word);
    }

    function delegateIn(uint256 word) internal pure returns (address) {
        // SAFETY: 256 bits without the lower 96 are 160.
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(word >> 96));
    }

    function hasDelegateOf(uint256 word, uint256 other) internal pure returns (bool) {
        return (word ^ other) >> 96 == 0;
    }

    /// @notice The same balance with another delegate.
    function withDelegate(uint256 word, address delegatee) internal pure returns (uint256) {
        return (uint256(uint160(delegatee)) << 96) | balanceIn(word);
    }

    /// @notice The same delegate with `value` more; the caller knows that both together are below 2^96.
    function credit(uint256 word, uint256 value) internal pure returns (uint256) {
        unchecked {
            // SAFETY: nothing is carried into the delegate's bits.
            return word + value;
        }
    }

    /// @notice The same delegate with `value` less; the caller knows that the balance covers it.
    function debit(uint256 word, uint256 value) internal pure returns (uint256) {
        unchecked {
            // SAFETY: nothing is borrowed from the delegate's bits.
            return word - value;
        }
    }
}
