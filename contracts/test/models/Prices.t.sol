// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Prices } from "../../src/Prices.sol";
import { IModels } from "../../src/interfaces/IModels.sol";
import { IPrices } from "../../src/interfaces/IPrices.sol";
import { IWeights } from "../../src/interfaces/IWeights.sol";
import { Test } from "../support/Test.sol";

/// @notice Weights as a test says; the proof is the word "proof".
contract Scales is IWeights {
    uint256 public currentEpoch = 1;
    mapping(uint256 epoch => uint256 weight) public totalWeight;
    mapping(uint256 epoch => mapping(address wallet => uint256 weight)) private _weights;

    function next() external {
        ++currentEpoch;
    }

    function weigh(address wallet, uint256 weight) external {
        _weights[currentEpoch][wallet] = weight;
        totalWeight[currentEpoch] += weight;
    }

    function isWeight(uint256 epoch, address wallet, uint256 weight, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        return proof.length == 1 && proof[0] == "proof" && _weights[epoch][wallet] == weight;
    }
}

/// @notice One model of 500 units per token.
contract Shelf {
    function modelOf(bytes32) external pure returns (IModels.Model memory model) {
        model.unitsPerToken = 500;
    }
}

contract PricesTest is Test {
    uint256 private constant GENESIS = 7;

    Scales private scales;
    Prices private prices;
    bytes32[] private proof;

    function setUp() public {
        scales = new Scales();
        prices = new Prices(scales, IModels(address(new Shelf())), GENESIS);
        proof.push("proof");
    }

    function test_price_isTheGenesisPriceAtFirst() public view {
        vm.assertEq(prices.price(), GENESIS);
        vm.assertEq(prices.priceOf(0, 1000), GENESIS * 500 * 1000);
    }

    function test_deployAndVote_withAPriceOfNothing_reverts() public {
        vm.expectRevert(IPrices.PriceZero.selector);
        new Prices(scales, IModels(address(0)), 0);
        vm.expectRevert(IPrices.PriceZero.selector);
        prices.vote(0);
    }

    function test_close_withoutVotes_keepsThePrice() public {
        scales.weigh(address(1), 10);
        scales.next();
        vm.expectEmit(address(prices));
        emit IPrices.PriceSet(1, GENESIS, 0, 10);
        vm.assertTrue(prices.close(1, new uint256[](0)));
        vm.assertEq(prices.price(), GENESIS);
    }

    function test_close_takesTheWeightedMedian() public {
        _ballot(1, 100, 1);
        _ballot(2, 20, 5);
        _ballot(3, 50, 3);
        scales.next();
        _close(1);
        vm.assertEq(prices.price(), 20);
    }

    function test_close_countsSilentWeightAtTheStandingPrice() public {
        _ballot(1, 3, 4);
        _ballot(2, 9, 3);
        scales.weigh(address(99), 3);
        scales.next();
        _close(1);
        vm.assertEq(prices.price(), GENESIS);
    }

    function test_close_followsTheEpochsWithoutAGap() public {
        _ballot(1, 20, 10);
        scales.next();
        _close(1);
        _ballot(1, 30, 10);
        scales.next();
        _close(2);
        vm.assertEq(prices.price(), 30);
        vm.expectRevert(abi.encodeWithSelector(IPrices.EpochNotClosable.selector, 2, 3, 3));
        prices.close(2, new uint256[](0));
    }

    function test_close_inParts() public {
        _ballot(1, 30, 1);
        _ballot(2, 10, 1);
        _ballot(3, 20, 1);
        scales.next();
        uint256[] memory part = new uint256[](2);
        (part[0], part[1]) = (1, 2);
        vm.assertFalse(prices.close(1, part));
        vm.assertEq(prices.price(), GENESIS);
        part = new uint256[](1);
        vm.assertTrue(prices.close(1, part));
        vm.assertEq(prices.price(), 20);
    }

    function test_close_inTheWrongOrder_reverts() public {
        _ballot(1, 30, 9);
        _ballot(2, 10, 1);
        _ballot(3, 10, 1);
        scales.next();
        uint256[] memory order = new uint256[](3);
        // Attack: count one's own ballot twice, leave another out, or bring the dear ones first.
        // Loss: every asker pays, or every provider earns, at a price that nobody's majority voted for.
        (order[0], order[1], order[2]) = (0, 1, 2);
        vm.expectRevert(abi.encodeWithSelector(IPrices.OrderWrong.selector, 1));
        prices.close(1, order);
        (order[0], order[1], order[2]) = (1, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IPrices.OrderWrong.selector, 1));
        prices.close(1, order);
        (order[0], order[1], order[2]) = (2, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IPrices.OrderWrong.selector, 1));
        prices.close(1, order);
        vm.expectRevert(abi.encodeWithSelector(IPrices.OrderTooLong.selector, 4, 3));
        prices.close(1, new uint256[](4));
        _close(1);
        vm.assertEq(prices.price(), 30);
    }

    function test_close_anEpochThatRuns_orIsPast_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IPrices.EpochNotClosable.selector, 1, 0, 1));
        prices.close(1, new uint256[](0));
        scales.next();
        scales.next();
        prices.close(2, new uint256[](0));
        vm.expectRevert(abi.encodeWithSelector(IPrices.EpochNotClosable.selector, 1, 3, 3));
        prices.close(1, new uint256[](0));
        vm.expectRevert(abi.encodeWithSelector(IPrices.EpochNotClosable.selector, 2, 3, 3));
        prices.close(2, new uint256[](0));
    }

    function test_count_twice_reverts() public {
        _ballot(1, 30, 1);
        // Attack: have one's weight counted twice. Loss as above.
        vm.expectRevert(abi.encodeWithSelector(IPrices.AlreadyCounted.selector, 1, address(1)));
        prices.count(address(1), 1, proof);
    }

    function test_count_unproven_reverts() public {
        scales.weigh(address(1), 5);
        vm.prank(address(1));
        prices.vote(30);
        vm.expectRevert(abi.encodeWithSelector(IPrices.WeightUnproven.selector, 1, address(1), 6));
        prices.count(address(1), 6, proof);
        vm.expectRevert(abi.encodeWithSelector(IPrices.WeightUnproven.selector, 1, address(1), 5));
        prices.count(address(1), 5, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(IPrices.WeightUnproven.selector, 1, address(1), 0));
        prices.count(address(1), 0, proof);
        vm.expectRevert(abi.encodeWithSelector(IPrices.NoStandingVote.selector, address(2)));
        prices.count(address(2), 5, proof);
    }

    function test_vote_standsInLaterEpochs() public {
        _ballot(1, 30, 5);
        scales.next();
        scales.weigh(address(1), 2);
        prices.count(address(1), 2, proof);
        vm.assertEq(prices.ballotCount(2), 1);
        vm.assertEq(prices.ballotAt(2, 0).price, 30);
        vm.assertEq(prices.ballotAt(2, 0).weight, 2);
        // A later vote does not change a ballot that was counted.
        vm.prank(address(1));
        prices.vote(40);
        vm.assertEq(prices.voteOf(address(1)), 40);
        vm.assertEq(prices.ballotAt(2, 0).price, 30);
    }

    function test_close_equalsTheTypeScriptModel() public {
        string memory json = vm.readFile("shared/money/vectors/price.json");
        for (uint256 i = 0; i < 60; ++i) {
            string memory item = string.concat(".cases[", vm.toString(i), "]");
            uint256[] memory ballotPrices = vm.parseJsonUintArray(json, string.concat(item, ".prices"));
            uint256[] memory weights = vm.parseJsonUintArray(json, string.concat(item, ".weights"));
            prices = new Prices(
                scales, IModels(address(0)), vm.parseJsonUint(json, string.concat(item, ".standing"))
            );
            uint256 silent = vm.parseJsonUint(json, string.concat(item, ".totalWeight"));
            for (uint256 j = 0; j < weights.length; ++j) {
                _ballot(j + 1, ballotPrices[j], weights[j]);
                silent -= weights[j];
            }
            scales.weigh(address(9999), silent);
            uint256 epoch = scales.currentEpoch();
            scales.next();
            prices.close(epoch, vm.parseJsonUintArray(json, string.concat(item, ".order")));
            vm.assertEq(prices.price(), vm.parseJsonUint(json, string.concat(item, ".median")), item);
        }
    }

    /// @dev Against the definition: at most half of all weight strictly below the price, at most half strictly above,
    /// and no cheaper price content with half.
    function testFuzz_close_isTheLowerWeightedMedian(uint256 seed, uint256 voters, uint256 silent) public {
        voters = bound(voters, 0, 30);
        silent = bound(silent, 0, 200);
        uint256[] memory ballotPrices = new uint256[](voters + 1);
        uint256[] memory weights = new uint256[](voters + 1);
        uint256 total = silent;
        for (uint256 i = 0; i < voters; ++i) {
            ballotPrices[i] = 1 + uint256(keccak256(abi.encode(seed, i))) % 15;
            weights[i] = 1 + uint256(keccak256(abi.encode(seed, i, "w"))) % 40;
            total += weights[i];
            _ballot(i + 1, ballotPrices[i], weights[i]);
        }
        (ballotPrices[voters], weights[voters]) = (GENESIS, silent);
        scales.weigh(address(9999), silent);
        scales.next();
        _close(1);
        uint256 expected = GENESIS;
        if (total > 0) {
            for (expected = 1;; ++expected) {
                uint256 content = 0;
                for (uint256 i = 0; i <= voters; ++i) {
                    if (ballotPrices[i] <= expected) content += weights[i];
                }
                if (2 * content >= total) break;
            }
        }
        vm.assertEq(prices.price(), expected);
    }

    function _ballot(uint256 voter, uint256 price, uint256 weight) private {
        scales.weigh(address(uint160(voter)), weight);
        vm.prank(address(uint160(voter)));
        prices.vote(price);
        prices.count(address(uint160(voter)), weight, proof);
    }

    function _close(uint256 epoch) private {
        uint256 length = prices.ballotCount(epoch);
        uint256[] memory order = new uint256[](length);
        for (uint256 i = 0; i < length; ++i) {
            order[i] = i;
            for (uint256 j = i; j > 0 && _price(epoch, order[j - 1]) > _price(epoch, order[j]); --j) {
                (order[j - 1], order[j]) = (order[j], order[j - 1]);
            }
        }
        vm.assertTrue(prices.close(epoch, order));
    }

    function _price(uint256 epoch, uint256 number) private view returns (uint256) {
        return prices.ballotAt(epoch, number).price;
    }
}
