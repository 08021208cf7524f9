// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Authority } from "../../src/Authority.sol";
import { FounderGrant } from "../../src/FounderGrant.sol";
import { Fund } from "../../src/Fund.sol";
import { Issuance } from "../../src/Issuance.sol";
import { Parameters } from "../../src/Parameters.sol";
import { RaceCoin } from "../../src/RaceCoin.sol";
import { IAuthority } from "../../src/interfaces/IAuthority.sol";
import { IRaceCoin } from "../../src/interfaces/IRaceCoin.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { GUARDIAN, Role } from "../../src/types/Role.sol";
import { Test } from "./Test.sol";

/// @notice Coin, authority, parameters, funds and issuance as they are deployed, with this test as governance.
abstract contract Protocol is Test {
    uint256 internal constant COIN = 1e18;

    Authority internal authority;
    Parameters internal parameters;
    RaceCoin internal coin;
    Fund internal treasury;
    Fund internal trainingFund;
    Issuance internal issuance;
    address internal guardian;
    // Stands for the minters that a test has no contract for, and pays its actors.
    address internal faucet;

    function deployProtocol() internal {
        // A chain does not begin at zero, and neither does anything that subtracts from the time.
        vm.warp(1_800_000_000);
        vm.roll(20_000_000);
        guardian = makeAddress("guardian");
        faucet = makeAddress("faucet");
        authority = new Authority(address(this));
        parameters = new Parameters(authority);
        coin = new RaceCoin();
        treasury = new Fund(authority);
        trainingFund = new Fund(authority);
        issuance = new Issuance(authority, parameters, coin, address(trainingFund));
        authority.grant(GUARDIAN, guardian);
    }

    /// @notice Shares out the cap: 600 M to issuance, 120 M to `pool`, the rest to the faucet.
    function allocate(address pool) internal {
        IRaceCoin.Allocation[] memory allocations = new IRaceCoin.Allocation[](3);
        allocations[0] = IRaceCoin.Allocation(address(issuance), 600_000_000e18);
        allocations[1] = IRaceCoin.Allocation(pool, 120_000_000e18);
        allocations[2] = IRaceCoin.Allocation(faucet, 280_000_000e18);
        coin.allocate(allocations);
    }

    /// @notice New coins from the faucet's allocation.
    function give(address to, uint256 amount) internal {
        vm.prank(faucet);
        coin.mint(to, amount);
    }

    function expectMissingRole(Role role, address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IAuthority.MissingRole.selector, role, account));
    }

    function expectNotGovernance(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IAuthority.NotGovernance.selector, account));
    }

    /// @notice Stops the clock at `seconds_` later.
    function wait_(uint256 seconds_) internal {
        vm.warp(vm.getBlockTimestamp() + seconds_);
    }

    function valueOf(Parameter parameter) internal view returns (uint256) {
        return parameters.valueOf(parameter);
    }
}
