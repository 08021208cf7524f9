// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { AccountWord } from "../src/libraries/AccountWord.sol";

/// @notice Coins that come and go never change an account's delegate: nothing is carried or borrowed between the parts of its word.
/// @dev One step from any account. Reading the parts is a cut and a shift, which the checker does not model well; the test
/// `RaceCoinVotes` compares it with a slot for each.
contract AccountProof {
    /// @dev All coins that can ever exist (wei).
    uint256 private constant CAP = 1e27;

    function crediting(address delegatee, uint96 balance, uint256 value) external pure {
        require(balance <= CAP && value <= CAP - balance);
        assert(AccountWord.credit(wordOf(delegatee, balance), value) == wordOf(delegatee, balance + value));
    }

    function debiting(address delegatee, uint96 balance, uint256 value) external pure {
        require(value <= balance);
        assert(AccountWord.debit(wordOf(delegatee, balance), value) == wordOf(delegatee, balance - value));
    }

    function wordOf(address delegatee, uint256 balance) private pure returns (uint256) {
        return uint256(uint160(delegatee)) * 2 ** 96 + balance;
    }
}
