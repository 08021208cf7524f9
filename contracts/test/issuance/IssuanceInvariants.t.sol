// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Authority } from "../../src/Authority.sol";
import { Issuance } from "../../src/Issuance.sol";
import { Parameters } from "../../src/Parameters.sol";
import { RaceCoin } from "../../src/RaceCoin.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { SETTLEMENT } from "../../src/types/Role.sol";
import { Protocol } from "../support/Protocol.sol";
import { Test } from "../support/Test.sol";

/// @notice Settlement on random days with random fees, and governance that moves what it may.
contract IssuanceActor is Test {
    Issuance private immutable issuance;
    Parameters private immutable parameters;
    address private immutable governance;

    uint256 public rewards;
    uint256 public largestDay;
    uint256 private _day;
    uint256 private _ofDay;

    constructor(Issuance issuance_, Parameters parameters_, address governance_) {
        issuance = issuance_;
        parameters = parameters_;
        governance = governance_;
    }

    function release(uint256 fees, uint256 scale) external {
        uint256 before = issuance.state().issued;
        uint256 today = (vm.getBlockTimestamp() - issuance.genesis()) / 1 days;
        rewards += issuance.release(bound(fees, 0, 10 ** bound(scale, 0, 27)));
        if (today != _day) (_day, _ofDay) = (today, 0);
        _ofDay += issuance.state().issued - before;
        if (_ofDay > largestDay) largestDay = _ofDay;
    }

    function passTime(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + bound(seconds_, 1, 90 days));
    }

    function setDailyCap(uint256 value) external {
        (uint256 min, uint256 max) = parameters.boundsOf(Parameter.IssuanceDailyCap);
        vm.prank(governance);
        parameters.set(Parameter.IssuanceDailyCap, bound(value, min, max));
    }
}

contract IssuanceInvariants is Protocol {
    IssuanceActor private actor;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        actor = new IssuanceActor(issuance, parameters, address(this));
        authority.grant(SETTLEMENT, address(actor));
        targetContract(address(actor));
    }

    /// @dev Cap, conservation, and no day above the largest cap plus one completed minimum.
    function invariant_issuance() public view {
        uint256 issued = issuance.state().issued;
        vm.assertLe(issued, 600_000_000e18);
        vm.assertEq(coin.totalSupply(), issued);
        vm.assertEq(coin.mintAllowance(address(issuance)), 600_000_000e18 - issued);
        vm.assertEq(coin.balanceOf(address(actor)), actor.rewards());
        vm.assertEq(coin.balanceOf(address(trainingFund)), issued - actor.rewards());
        (, uint256 maxCap) = parameters.boundsOf(Parameter.IssuanceDailyCap);
        vm.assertLe(actor.largestDay(), maxCap + 136_987e18);
    }
}
