// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { RaceCoin } from "../../src/RaceCoin.sol";
import { IRaceCoin } from "../../src/interfaces/IRaceCoin.sol";
import { Test } from "../support/Test.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import { ERC20Votes } from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import { Nonces } from "@openzeppelin/contracts/utils/Nonces.sol";
import { Time } from "@openzeppelin/contracts/utils/types/Time.sol";

/// @notice A token with votes as OpenZeppelin keeps its books: balance and delegate in slots of their own.
contract PlainVotes is ERC20, ERC20Permit, ERC20Votes {
    constructor() ERC20("Plain", "PLAIN") ERC20Permit("Plain") { }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }

    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}

/// @notice The coin packs an account into one word. Whatever is done with it, it answers as OpenZeppelin's token does.
/// @dev Loss if balance and delegate ran into each other: coins out of nothing, or votes of a stranger.
contract RaceCoinVotesTest is Test {
    uint256 private constant OWNERS = 4;
    uint256 private constant STEPS = 40;

    RaceCoin private coin;
    PlainVotes private plain;

    function setUp() public {
        coin = new RaceCoin();
        plain = new PlainVotes();
        IRaceCoin.Allocation[] memory all = new IRaceCoin.Allocation[](1);
        all[0] = IRaceCoin.Allocation(address(this), coin.cap());
        coin.allocate(all);
    }

    function testFuzz_answersAsOpenZeppelinsTokenDoes(uint256 seed) public {
        for (uint256 i = 0; i < STEPS; i++) {
            step(uint256(keccak256(abi.encode(seed, i))));
            compare();
            vm.warp(vm.getBlockTimestamp() + 1);
        }
        for (uint256 back = 1; back <= STEPS; back++) {
            uint256 time = vm.getBlockTimestamp() - back;
            vm.assertEq(coin.getPastTotalSupply(time), plain.getPastTotalSupply(time));
            for (uint256 i = 0; i < OWNERS; i++) {
                vm.assertEq(coin.getPastVotes(ownerOf(i), time), plain.getPastVotes(ownerOf(i), time));
            }
        }
    }

    function test_holdsTheWholeCapInOneAccountBesideItsDelegate() public {
        address whale = address(type(uint160).max);
        vm.prank(whale);
        coin.delegate(whale);
        uint256 cap = coin.cap();
        coin.mint(whale, cap);
        vm.assertEq(coin.balanceOf(whale), cap);
        vm.assertEq(coin.delegates(whale), whale);
        vm.assertEq(coin.getVotes(whale), cap);
        vm.prank(whale);
        coin.transfer(address(1), cap);
        vm.assertEq(coin.balanceOf(whale), 0);
        vm.assertEq(coin.delegates(whale), whale);
        vm.assertEq(coin.getVotes(whale), 0);
    }

    /// @dev Addresses with all bits, the lowest bit and the highest: what would spill over shows.
    function ownerOf(uint256 i) private pure returns (address) {
        return
            [address(type(uint160).max), address(1), address(uint160(1 << 159)), address(0xbeef)][i % OWNERS];
    }

    function step(uint256 random) private {
        address owner = ownerOf(random >> 8);
        address other = random >> 16 & 15 == 0 ? address(0) : ownerOf(random >> 24);
        uint256 held = plain.balanceOf(owner);
        // Mostly what is there, all of it now and then, and sometimes a wei too much.
        uint256 amount = bound(random >> 40, 0, held + 1);
        if (random >> 32 & 7 == 0) amount = held;
        uint256 kind = random % 6;
        if (kind == 0) {
            amount = bound(random >> 40, 0, coin.mintAllowance(address(this)));
            coin.mint(owner, amount);
            plain.mint(owner, amount);
        } else if (kind == 1) {
            both(owner, abi.encodeWithSelector(coin.burn.selector, amount));
        } else if (kind == 2) {
            both(owner, abi.encodeWithSelector(coin.delegate.selector, other));
        } else {
            both(owner, abi.encodeWithSelector(coin.transfer.selector, other, amount));
        }
    }

    function both(address owner, bytes memory call) private {
        vm.prank(owner);
        (bool isDone, bytes memory answer) = address(coin).call(call);
        vm.prank(owner);
        (bool isPlainDone, bytes memory plainAnswer) = address(plain).call(call);
        vm.assertEq(isDone, isPlainDone);
        vm.assertEq(answer, plainAnswer);
    }

    function compare() private view {
        vm.assertEq(coin.totalSupply(), plain.totalSupply());
        for (uint256 i = 0; i < OWNERS; i++) {
            vm.assertEq(coin.balanceOf(ownerOf(i)), plain.balanceOf(ownerOf(i)));
            vm.assertEq(coin.delegates(ownerOf(i)), plain.delegates(ownerOf(i)));
            vm.assertEq(coin.getVotes(ownerOf(i)), plain.getVotes(ownerOf(i)));
        }
    }
}
