// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The founders' 16 %, minted as it vests
/// @notice 160 million coins over four years, nothing in the first (what has accrued by then comes at its end).
/// Unvested coins do not exist: they vote on nothing and count towards no quorum.
/// @dev The share is the Race paper's (Appendix E). The paper names no schedule; this one is our choice.
interface IFounderGrant {
    /// @notice Only the beneficiary hands the grant on.
    error NotBeneficiary(address account);
    /// @notice The grant cannot go to nobody.
    error BeneficiaryZero();

    event BeneficiaryChanged(address indexed from, address indexed to);
    event FoundersPaid(address indexed beneficiary, uint256 amount);

    /// @notice Coins (wei) vested at `timestamp` (Unix seconds), paid ones included.
    function vestedAt(uint256 timestamp) external view returns (uint256);

    /// @notice Mints to the beneficiary what has vested and was not paid. Anyone may call.
    function release() external returns (uint256 amount);

    /// @notice Hands the grant on. Only the beneficiary.
    function transferBeneficiary(address to) external;
}
