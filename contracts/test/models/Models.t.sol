// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Models } from "../../src/Models.sol";
import { IModels } from "../../src/interfaces/IModels.sol";
import { Parameter } from "../../src/types/Parameter.sol";
import { Protocol } from "../support/Protocol.sol";
import { Test } from "../support/Test.sol";

contract ModelsTest is Protocol {
    bytes32 private constant ROOT = keccak256("root");
    bytes32 private constant ENCODING = keccak256("q4 blocks of 32");
    bytes32 private constant LICENCE = keccak256("licence text");

    Models private models;
    address private owner;
    address private voter;
    address private rival;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        models = new Models(authority, parameters, coin, address(treasury));
        owner = _actor("owner", 10_000e18);
        voter = _actor("voter", 600_000e18);
        rival = _actor("rival", 300_000e18);
        wait_(10);
    }

    function test_propose_takesTheDepositAndPinsTheModel() public {
        _propose();
        vm.assertEq(coin.balanceOf(address(models)), 1000e18);
        IModels.Model memory model = models.modelOf(ROOT);
        vm.assertEq(model.owner, owner);
        vm.assertEq(model.unitsPerToken, 500);
        vm.assertEq(model.ownerShareBps, 800);
        vm.assertEq(model.encoding, ENCODING);
        vm.assertEq(model.licenceHash, LICENCE);
        vm.assertEq(uint256(model.status), uint256(IModels.Status.Proposed));
        vm.assertEq(models.ballotOf(ROOT).endsAt, block.timestamp + 3 days);
    }

    function test_propose_incomplete_reverts() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModels.ModelInvalid.selector, bytes32(0)));
        models.propose(0, 500, 800, ENCODING, LICENCE);
        vm.expectRevert(abi.encodeWithSelector(IModels.ModelInvalid.selector, ROOT));
        models.propose(ROOT, 0, 800, ENCODING, LICENCE);
        vm.expectRevert(abi.encodeWithSelector(IModels.ModelInvalid.selector, ROOT));
        models.propose(ROOT, 500, 800, 0, LICENCE);
        vm.expectRevert(abi.encodeWithSelector(IModels.ModelInvalid.selector, ROOT));
        models.propose(ROOT, 500, 800, ENCODING, 0);
        vm.expectRevert(abi.encodeWithSelector(IModels.OwnerShareTooLarge.selector, 1001, 1000));
        models.propose(ROOT, 500, 1001, ENCODING, LICENCE);
        models.propose(ROOT, 500, 1000, ENCODING, LICENCE);
        vm.assertEq(models.modelOf(ROOT).ownerShareBps, 1000);
    }

    function test_propose_twice_reverts() public {
        _propose();
        vm.expectRevert(abi.encodeWithSelector(IModels.StatusWrong.selector, ROOT, IModels.Status.Proposed));
        vm.prank(rival);
        models.propose(ROOT, 1, 0, ENCODING, LICENCE);
    }

    function test_vote_lists() public {
        _propose();
        vm.expectEmit(address(models));
        emit IModels.ModelVoted(ROOT, voter, true, 600_000e18);
        vm.prank(voter);
        models.vote(ROOT, true);
        vm.prank(rival);
        models.vote(ROOT, false);
        wait_(3 days);
        vm.expectEmit(address(models));
        emit IModels.BallotClosed(ROOT, IModels.Status.Listed, true);
        models.close(ROOT);
        vm.assertTrue(models.isListed(ROOT));
        vm.assertEq(coin.balanceOf(owner), 10_000e18);
    }

    function test_vote_down_forfeitsTheDeposit() public {
        _propose();
        vm.prank(rival);
        models.vote(ROOT, false);
        wait_(3 days);
        models.close(ROOT);
        vm.assertEq(uint256(models.modelOf(ROOT).status), uint256(IModels.Status.Rejected));
        vm.assertEq(coin.balanceOf(address(treasury)), 1000e18);
        // The same content may be proposed again, by anyone: it starts with no votes.
        vm.prank(rival);
        models.propose(ROOT, 500, 0, ENCODING, LICENCE);
        vm.prank(rival);
        models.vote(ROOT, true);
        vm.assertEq(models.ballotOf(ROOT).votesAgainst, 0);
        vm.assertEq(models.modelOf(ROOT).owner, rival);
    }

    function test_vote_withoutQuorum_returnsTheDeposit() public {
        _propose();
        vm.prank(owner);
        models.vote(ROOT, true);
        wait_(3 days);
        models.close(ROOT);
        vm.assertFalse(models.isListed(ROOT));
        vm.assertEq(coin.balanceOf(owner), 10_000e18);
    }

    function test_vote_byNobody_listsNothing() public {
        _propose();
        wait_(3 days);
        models.close(ROOT);
        vm.assertFalse(models.isListed(ROOT));
    }

    function test_vote_tied_doesNotList() public {
        address twin = _actor("twin", 600_000e18);
        wait_(2);
        _propose();
        vm.prank(voter);
        models.vote(ROOT, true);
        vm.prank(twin);
        models.vote(ROOT, false);
        wait_(3 days);
        models.close(ROOT);
        vm.assertFalse(models.isListed(ROOT));
    }

    function test_vote_twice_reverts() public {
        _propose();
        vm.startPrank(voter);
        models.vote(ROOT, true);
        vm.expectRevert(abi.encodeWithSelector(IModels.AlreadyVoted.selector, ROOT, voter));
        models.vote(ROOT, true);
    }

    function test_vote_outOfTime_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IModels.NoBallot.selector, ROOT));
        models.vote(ROOT, true);
        vm.expectRevert(abi.encodeWithSelector(IModels.NoBallot.selector, ROOT));
        models.close(ROOT);
        _propose();
        uint256 endsAt = models.ballotOf(ROOT).endsAt;
        vm.expectRevert(abi.encodeWithSelector(IModels.VotingTime.selector, ROOT, endsAt));
        models.close(ROOT);
        vm.warp(endsAt);
        vm.expectRevert(abi.encodeWithSelector(IModels.VotingTime.selector, ROOT, endsAt));
        vm.prank(voter);
        models.vote(ROOT, true);
    }

    function test_attack_voteByFlashLoan() public {
        // Attack: borrow coins in the block of one's own proposal and vote with them.
        // Loss: any model listed, with an owner's share of every request that it draws.
        address whale = makeAddress("whale");
        give(whale, 200_000_000e18);
        vm.prank(whale);
        coin.delegate(whale);
        _propose();
        vm.expectPartialRevert(IModels.NoVotes.selector);
        vm.prank(whale);
        models.vote(ROOT, true);
        wait_(1 days);
        vm.expectPartialRevert(IModels.NoVotes.selector);
        vm.prank(whale);
        models.vote(ROOT, true);
    }

    function test_delisting_byVote() public {
        _list();
        vm.prank(rival);
        models.proposeDelisting(ROOT);
        vm.expectPartialRevert(IModels.VotingTime.selector);
        vm.prank(rival);
        models.proposeDelisting(ROOT);
        vm.assertTrue(models.isListed(ROOT));
        vm.prank(voter);
        models.vote(ROOT, true);
        wait_(3 days);
        models.close(ROOT);
        vm.assertEq(uint256(models.modelOf(ROOT).status), uint256(IModels.Status.Delisted));
        vm.assertEq(coin.balanceOf(rival), 300_000e18);
        vm.expectPartialRevert(IModels.StatusWrong.selector);
        vm.prank(rival);
        models.propose(ROOT, 1, 1000, ENCODING, LICENCE);
    }

    function test_delisting_votedDown_costsTheDeposit() public {
        _list();
        // Attack: propose to delist a rival's model again and again. Loss to the attacker: a deposit each time.
        vm.prank(rival);
        models.proposeDelisting(ROOT);
        vm.prank(voter);
        models.vote(ROOT, false);
        wait_(3 days);
        models.close(ROOT);
        vm.assertTrue(models.isListed(ROOT));
        vm.assertEq(coin.balanceOf(address(treasury)), 1000e18);
    }

    function test_delisting_ofWhatIsNotListed_reverts() public {
        vm.expectRevert(abi.encodeWithSelector(IModels.StatusWrong.selector, ROOT, IModels.Status.Unknown));
        vm.prank(rival);
        models.proposeDelisting(ROOT);
    }

    function test_retire_byTheOwnerOnly() public {
        _list();
        vm.expectRevert(abi.encodeWithSelector(IModels.NotOwner.selector, ROOT, rival));
        vm.prank(rival);
        models.retire(ROOT);
        vm.prank(rival);
        models.proposeDelisting(ROOT);
        vm.prank(owner);
        models.retire(ROOT);
        vm.assertFalse(models.isListed(ROOT));
        // A vote that was open ends all the same and gives the deposit back.
        wait_(3 days);
        models.close(ROOT);
        vm.assertEq(coin.balanceOf(address(models)), 0);
        vm.assertEq(uint256(models.modelOf(ROOT).status), uint256(IModels.Status.Delisted));
    }

    function test_transferOwner_byTheOwnerOnly() public {
        _list();
        vm.expectRevert(abi.encodeWithSelector(IModels.NotOwner.selector, ROOT, rival));
        vm.prank(rival);
        models.transferOwner(ROOT, rival);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IModels.ModelInvalid.selector, ROOT));
        models.transferOwner(ROOT, address(0));
        models.transferOwner(ROOT, rival);
        vm.assertEq(models.modelOf(ROOT).owner, rival);
    }

    function testFuzz_deposit_isTheOneOfTheProposalWhateverChanges(uint256 deposit) public {
        _propose();
        (uint256 min, uint256 max) = parameters.boundsOf(Parameter.ModelDeposit);
        parameters.set(Parameter.ModelDeposit, bound(deposit, min, max));
        wait_(3 days);
        models.close(ROOT);
        vm.assertEq(coin.balanceOf(owner), 10_000e18);
        vm.assertEq(coin.balanceOf(address(models)), 0);
    }

    function _propose() private {
        vm.prank(owner);
        models.propose(ROOT, 500, 800, ENCODING, LICENCE);
    }

    function _list() private {
        _propose();
        vm.prank(voter);
        models.vote(ROOT, true);
        wait_(3 days);
        models.close(ROOT);
    }

    function _actor(string memory name, uint256 amount) private returns (address account) {
        account = makeAddress(name);
        give(account, amount);
        vm.startPrank(account);
        coin.delegate(account);
        coin.approve(address(models), type(uint256).max);
        vm.stopPrank();
    }
}

/// @notice Three accounts that propose, vote, close, retire and delist five models in any order.
contract ModelsActor is Test {
    Models private immutable models;
    address[3] private accounts;

    constructor(Models models_, address[3] memory accounts_) {
        models = models_;
        accounts = accounts_;
    }

    function propose(uint256 who, uint256 root) external {
        vm.prank(accounts[who % 3]);
        models.propose(bytes32(1 + root % 5), 1, 0, bytes32("encoding"), bytes32("licence"));
    }

    function proposeDelisting(uint256 who, uint256 root) external {
        vm.prank(accounts[who % 3]);
        models.proposeDelisting(bytes32(1 + root % 5));
    }

    function vote(uint256 who, uint256 root, bool support) external {
        vm.prank(accounts[who % 3]);
        models.vote(bytes32(1 + root % 5), support);
    }

    function close(uint256 root) external {
        models.close(bytes32(1 + root % 5));
    }

    function retire(uint256 who, uint256 root) external {
        vm.prank(accounts[who % 3]);
        models.retire(bytes32(1 + root % 5));
    }

    function passTime(uint256 seconds_) external {
        vm.warp(vm.getBlockTimestamp() + bound(seconds_, 1, 4 days));
    }
}

contract ModelsInvariants is Protocol {
    Models private models;

    function setUp() public {
        deployProtocol();
        allocate(makeAddress("pool"));
        models = new Models(authority, parameters, coin, address(treasury));
        address[3] memory accounts = [makeAddress("a"), makeAddress("b"), makeAddress("c")];
        for (uint256 i = 0; i < 3; ++i) {
            give(accounts[i], 1_000_000e18 * (i + 1));
            vm.startPrank(accounts[i]);
            coin.delegate(accounts[i]);
            coin.approve(address(models), type(uint256).max);
            vm.stopPrank();
        }
        wait_(10);
        targetContract(address(new ModelsActor(models, accounts)));
    }

    /// @dev Solvency: the contract holds the deposits of the open votes, and nothing else.
    function invariant_deposits() public view {
        uint256 owed = 0;
        for (uint256 root = 1; root <= 5; ++root) {
            owed += models.ballotOf(bytes32(root)).deposit;
        }
        vm.assertEq(coin.balanceOf(address(models)), owed);
    }

    /// @dev No sequence locks a deposit for ever.
    function afterInvariant() public {
        wait_(31 days);
        for (uint256 root = 1; root <= 5; ++root) {
            if (models.ballotOf(bytes32(root)).endsAt != 0) models.close(bytes32(root));
        }
        vm.assertEq(coin.balanceOf(address(models)), 0);
    }
}
