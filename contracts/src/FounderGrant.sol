// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IFounderGrant } from "./interfaces/IFounderGrant.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";

contract FounderGrant is IFounderGrant {
    uint256 public constant AMOUNT = 160_000_000e18;
    uint256 public constant CLIFF_SECONDS = 365 days;
    uint256 public constant DURATION_SECONDS = 4 * 365 days;

    IRaceCoin public immutable coin;
    uint256 public immutable start;

    address public beneficiary;
    uint256 public paid;

    constructor(IRaceCoin coin_, address beneficiary_) {
        if (beneficiary_ == address(0)) revert BeneficiaryZero();
        coin = coin_;
        start = block.timestamp;
        beneficiary = beneficiary_;
    }

    /// @inheritdoc IFounderGrant
    function vestedAt(uint256 timestamp) public view returns (uint256) {
        if (timestamp < start + CLIFF_SECONDS) return 0;
        if (timestamp >= start + DURATION_SECONDS) return AMOUNT;
        return AMOUNT * (timestamp - start) / DURATION_SECONDS;
    }

    /// @inheritdoc IFounderGrant
    function release() external returns (uint256 amount) {
        amount = vestedAt(block.timestamp) - paid;
        if (amount == 0) return 0;
        // INVARIANT: founders are paid what has vested, once.
        paid += amount;
        emit FoundersPaid(beneficiary, amount);
        coin.mint(beneficiary, amount);
    }

    /// @inheritdoc IFounderGrant
    function transferBeneficiary(address to) external {
        if (msg.sender != beneficiary) revert NotBeneficiary(msg.sender);
        if (to == address(0)) revert BeneficiaryZero();
        emit BeneficiaryChanged(beneficiary, to);
        beneficiary = to;
    }
}
