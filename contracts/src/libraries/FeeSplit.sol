// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title How the fees of a batch are shared
/// @dev Validators and treasury are rounded down, operators take what is left. Twin: `shared/money/fee-split.ts`.
library FeeSplit {
    uint256 internal constant WHOLE_BPS = 10_000;

    /// @param fees Coins (wei), below 2^128.
    /// @param validatorBps Share of the validators; with `treasuryBps` at most the whole.
    function split(uint256 fees, uint256 validatorBps, uint256 treasuryBps)
        internal
        pure
        returns (uint256 operators, uint256 validators, uint256 treasury)
    {
        validators = fees * validatorBps / WHOLE_BPS;
        treasury = fees * treasuryBps / WHOLE_BPS;
        // INVARIANT: the shares of a batch sum exactly to its fees.
        operators = fees - validators - treasury;
    }
}
